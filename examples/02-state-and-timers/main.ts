/** Prints one alert, of card A. */
import { run } from 'millrace'
import fraud from './job.ts'

await run(fraud)
