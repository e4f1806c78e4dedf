/** The fewest faults with which a history still fails. */

/**
 * Takes away halves, quarters and so on, then one by one, as long as it still fails. `fails` is asked for at most `budget` subsets.
 * @returns numbers of those that are left, ascending
 * @source Zeller and Hildebrandt 2002, "Simplifying and Isolating Failure-Inducing Input" (ddmin)
 */
export async function shrink(
  count: number,
  fails: (kept: readonly number[]) => Promise<boolean>,
  budget: number,
): Promise<readonly number[]> {
  let kept = Array.from({ length: count }, (_zero, index) => index)
  let left = budget
  for (let size = Math.ceil(count / 2); size >= 1 && left > 0;) {
    let hasShrunk = false
    for (let from = 0; from < kept.length && left > 0;) {
      const fewer = [...kept.slice(0, from), ...kept.slice(from + size)]
      left--
      if (await fails(fewer)) {
        kept = fewer
        hasShrunk = true
      } else from += size
    }
    if (hasShrunk && size === 1) continue
    size = size === 1 ? 0 : Math.ceil(size / 2)
  }
  return kept
}
