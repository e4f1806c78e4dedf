import { mistakes } from './main.ts'
import { plant } from './patch.ts'
import { copyTo, runCut } from './run-cut.ts'
const copy = copyTo('/tmp/wt/wattack/.data/zz' + process.argv[2])
const [from, to] = [Number(process.argv[2]), Number(process.argv[3])]
for (let i = from; i <= to; i++) {
  const m = mistakes[i - 1]!
  const back = plant(copy, m)
  const r = await runCut(copy, m.cut!, 3)
  console.log(i, m.name, r.isRed, r.isGreen, r.seeds, r.seconds.toFixed(1), r.isRed ? '' : r.says.slice(0, 300))
  back()
}
