/** Links of a Markdown page. */

export interface Link {
  /** As it stands on the page. */
  readonly whole: string
  readonly label: string
  /** 1-based. */
  readonly line: number
  /** Relative to the page; `undefined` for a link within it, '' never. */
  readonly file: string | undefined
  /** Without `#`. */
  readonly anchor: string | undefined
}

const LINK = /(?<!!)\[((?:[^\][]|\[[^\][]*\])*)\]\(([^()\s]+)\)/g

/** Links into the repository; code and links to the web are left out. */
export function linksOf(markdown: string): Link[] {
  let fence: string | undefined
  return markdown.split('\n').flatMap((text, i) => {
    const mark = /^ *(```+|~~~+)/.exec(text)?.[1]
    if (mark !== undefined) fence = fence === undefined ? mark : fence === text.trim() ? undefined : fence
    if (fence !== undefined || mark !== undefined) return []
    const code = [...text.matchAll(/(`+)[^`]+\1/g)].map(({ index, 0: whole }) => [index, index + whole.length] as const)
    return [...text.matchAll(LINK)].flatMap(({ index, 0: whole, 1: label = '', 2: target = '' }) => {
      if (/^[a-z]+:/.test(target) || code.some(([from, to]) => index > from && index < to)) return []
      const [file = '', anchor] = target.split('#')
      return [{ whole, label, line: i + 1, file: file === '' ? undefined : file, anchor }]
    })
  })
}

/** What a heading is called in a link, as the usual hosts of repositories do it. */
export function anchorsOf(markdown: string): Set<string> {
  const found = new Set<string>()
  for (const [, title = ''] of markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
    let name = anchor
    for (let n = 1; found.has(name); n++) name = `${anchor}-${n}`
    found.add(name)
  }
  return found
}
