/** What does not pass its schema goes to a stream of its own, with the reason, and the job goes on. */
import { arraySource, type DeadLetter, defineJob, outputTag, printSink } from 'millrace'
import { z } from 'zod'

const Payment = z.object({ card: z.string(), amount: z.number().positive() })

const input: readonly unknown[] = [{ card: 'A', amount: 12.5 }, { card: 'B', amount: -1 }, 'not even an object']

export default defineJob('payments', (job) => {
  const broken = outputTag<DeadLetter>('broken')
  const payments = job.from('payments', arraySource(input), { schema: Payment, invalid: broken })
  payments.map(({ card, amount }) => `${card} pays ${amount}`).to('good', printSink())
  payments
    .side(broken)
    .map(({ code, message, position }) => ({ code, message, position }))
    .to('bad', printSink())
})
