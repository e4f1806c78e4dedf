/** A process of the pool: enumerates the cases that it is sent. */
import { serve } from '../lib/pool.ts'
import { runCase, type Told } from './case.ts'

serve<Told>(async (number) => runCase(number))
