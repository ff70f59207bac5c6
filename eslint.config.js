// Type-aware rules for everything we write, and the directions in which modules may import (docs/architecture.md).
import tseslint from 'typescript-eslint'

/** Files under `from` must not import anything whose path holds one of `forbidden`. */
function mayNotImport(from, forbidden, why) {
  return {
    files: [from],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: `(^|/)(${forbidden.join('|')})(/|\\.js$)`, message: why }] },
      ],
    },
  }
}

const nouns = ['index', 'candidate', 'leadership', 'observer', 'session']

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/etcd/gen', '.cache'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/parameter-properties': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', 'vitest.config.ts'],
    ...tseslint.configs.disableTypeChecked,
  },
  { files: ['eslint.config.js', 'vitest.config.ts'], rules: { 'no-restricted-exports': 'off' } },
  mayNotImport(
    'src/etcd/**/*.ts',
    ['election', 'lease', 'devserver', 'testing', 'cli', 'dashboard', ...nouns],
    'etcd/ is the bottom layer: it knows nothing of leases kept alive or of elections',
  ),
  mayNotImport(
    'src/lease/**/*.ts',
    ['election', 'guardian', 'devserver', 'testing', 'cli', 'dashboard', ...nouns],
    'lease/ knows etcd/ and nothing above it',
  ),
  mayNotImport(
    'src/election/**/*.ts',
    ['devserver', 'testing', 'cli', 'dashboard', 'index', 'candidate', 'leadership', 'observer'],
    'election/ knows lease/ and etcd/ and nothing above them',
  ),
  mayNotImport(
    'src/guardian/**/*.ts',
    ['election', 'lease', 'devserver', 'testing', 'cli', 'dashboard', ...nouns],
    'guardian/ knows etcd/ and nothing of what leases are for',
  ),
  {
    files: ['src/guardian/child/**/*.ts', 'src/guardian/protocol.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!node:|\\./|\\.\\./orders\\.js$)',
              message: 'what a guardian loads runs beside every process that has one',
            },
          ],
        },
      ],
    },
  },
  mayNotImport(
    'src/*.ts',
    ['devserver', 'testing', 'cli', 'dashboard'],
    'the library never imports the devserver or the command',
  ),
  mayNotImport(
    'src/devserver/**/*.ts',
    // The folders; etcd's own services of these names are served here.
    ['election(?=/)', 'lease(?=/)', 'testing', 'cli', 'dashboard', ...nouns],
    'the devserver is an etcd: it knows the protocol (etcd/gen, etcd/transport) and nothing of elections of ours',
  ),
  mayNotImport(
    'src/testing/**/*.ts',
    ['cli', 'dashboard'],
    'what users test with never imports the command',
  ),
)
