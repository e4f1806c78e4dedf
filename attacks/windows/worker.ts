/** A process of the pool: runs the cases that it is sent. */
import { serve } from '../lib/pool.ts'
import { runCase, type CaseReport } from './run-case.ts'

serve<CaseReport>(runCase)
