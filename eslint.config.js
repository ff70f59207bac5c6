// Type-aware rules for everything we write, and the directions in which modules may import
// (docs/architecture.md).
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { floorsRule } from './scripts/house/floors.mjs'

export default defineConfig(
  { ignores: ['dist', 'node_modules', 'src/etcd/wire/gen', '.cache'] },
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
    files: ['src/cli/elect.js', 'test/**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
  },
  // A cast in a comment is none to the linter.
  { files: ['scripts/**/*.mjs'], rules: { '@typescript-eslint/no-unsafe-assignment': 'off' } },
  { files: ['eslint.config.js', 'vitest.config.ts'], rules: { 'no-restricted-exports': 'off' } },
  {
    files: ['src/**/*.ts'],
    plugins: { house: { rules: { floors: floorsRule } } },
    rules: { 'house/floors': 'error' },
  },
)
