// Gets the sorted declarations of entry points from API Extractor, whichever files they are in.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
} from '@microsoft/api-extractor'

/** @import { ExtractorMessage, IExtractorMessagesConfig } from '@microsoft/api-extractor' */
/** @import { EntryPoint } from './reports.mjs' */

/**
 * Returns TypeScript by the name of the report, including what exported declarations use but the
 * entry point does not export.
 *
 * @param {string} root
 * @param {string} scratch
 * @param {readonly EntryPoint[]} entries
 */
export function extract(root, scratch, entries) {
  const declarations = entries.map((entry) => entry.declarations)
  const compiler = {
    overrideTsconfig: {
      extends: './tsconfig.build.json',
      compilerOptions: { rootDir: scratch },
      include: [],
      files: declarations,
    },
  }
  const configs = entries.map((entry) =>
    ExtractorConfig.prepare({
      configObjectFullPath: undefined,
      packageJsonFullPath: join(root, 'package.json'),
      configObject: {
        projectFolder: root,
        mainEntryPointFilePath: entry.declarations,
        newlineKind: 'lf',
        compiler,
        apiReport: {
          enabled: true,
          reportFileName: entry.file,
          reportFolder: scratch,
          reportTempFolder: join(scratch, 'temp'),
          includeForgottenExports: true,
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        messages,
      },
    }),
  )
  const options = { additionalEntryPoints: declarations }
  const [first] = configs
  if (first === undefined) throw new Error('the package has no entry points')
  const compilerState = CompilerState.create(first, options)
  const invoke = { localBuild: true, compilerState, messageCallback: failOnError }
  for (const config of configs) Extractor.invoke(config, invoke)
  return new Map(
    entries.map(({ file }) => {
      const report = readFileSync(join(scratch, file), 'utf8')
      const [, declared = ''] = /^```ts\n(.*?)^```/ms.exec(report) ?? []
      return [file, declared]
    }),
  )
}

/**
 * We use no release tags; the linter covers the rest.
 *
 * @type {IExtractorMessagesConfig}
 */
const messages = {
  compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
  extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
  tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
}

/** @param {ExtractorMessage} message */
function failOnError(message) {
  if (message.logLevel === ExtractorLogLevel.Error)
    throw new Error(message.formatMessageWithLocation(undefined))
  message.handled = true
}
