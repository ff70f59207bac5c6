// What API Extractor says of entry points: their declarations sorted, whichever file they are in.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'

/** TypeScript by the name of the report, with what is not exported but used by what is. */
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
  const compilerState = CompilerState.create(configs[0], options)
  const invoke = { localBuild: true, compilerState, messageCallback: failOnError }
  return new Map(
    entries.map(({ file }, index) => {
      Extractor.invoke(configs[index], invoke)
      const report = readFileSync(join(scratch, file), 'utf8')
      return [file, /^```ts\n(.*?)^```/ms.exec(report)[1]]
    }),
  )
}

/** We use no release tags, and lint says what else there is to say. */
const messages = {
  compilerMessageReporting: { default: { logLevel: 'error' } },
  extractorMessageReporting: { default: { logLevel: 'none' } },
  tsdocMessageReporting: { default: { logLevel: 'none' } },
}

function failOnError(message) {
  if (message.logLevel === 'error') throw new Error(message.formatMessageWithLocation(undefined))
  message.handled = true
}
