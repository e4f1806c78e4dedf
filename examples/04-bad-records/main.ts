/** Prints one payment and two dead letters. */
import { run } from 'millrace'
import payments from './job.ts'

await run(payments)
