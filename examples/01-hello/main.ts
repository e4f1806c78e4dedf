/** Runs a job inside a program of one's own: no service, no files. */
import { run } from 'millrace'
import hello from './job.ts'

await run(hello)
