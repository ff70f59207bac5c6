// Finds names that changed source uses and nothing declares. Such a mutant would throw, and a judge
// would catch it for the wrong reason. Other errors of the compiler do not matter here.

import { resolve } from 'node:path'
import ts from 'typescript'

/** "Cannot find name" and "property does not exist", each also with a suggestion. */
const unknownName = new Set([2304, 2339, 2551, 2552])

/** @param files texts by path. They need not exist, but import from there what does. */
export function unknownNames(files: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as {
    config: unknown
  }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd())
  const host = ts.createCompilerHost(options)
  const texts = new Map([...files].map(([path, text]) => [resolve(path), text]))
  const getSourceFile: ts.CompilerHost['getSourceFile'] = (path, version) => {
    const text = texts.get(path)
    if (text === undefined) return host.getSourceFile(path, version)
    return ts.createSourceFile(path, text, version)
  }
  const program = ts.createProgram({
    rootNames: [...texts.keys()],
    options,
    host: { ...host, getSourceFile },
  })
  return [...files.keys()].flatMap((path) => {
    const file = program.getSourceFile(resolve(path))
    const unknown = program.getSemanticDiagnostics(file).filter(({ code }) => unknownName.has(code))
    return [...program.getSyntacticDiagnostics(file), ...unknown].map(
      ({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    )
  })
}
