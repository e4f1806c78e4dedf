/** Loads a module by URL: the one place of the engine that imports what has no name at build time. */
export async function loadModule(url: URL): Promise<Readonly<Record<string, unknown>>> {
  return (await import(url.href)) as Readonly<Record<string, unknown>>
}
