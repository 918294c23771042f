import js from "@eslint/js";
import globals from "globals";
import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist", "node_modules", "src/api/schema.d.ts"] },
  js.configs.recommended,
  ...ts.configs.strict,
  { rules: { "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }] } },
  {
    files: ["src/**/*.{ts,tsx}"],
    languageOptions: { globals: globals.browser },
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      "no-console": "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Text from outside stays text." },
        { property: "dangerouslySetInnerHTML", message: "Text from outside stays text." },
      ],
    },
  },
  {
    // Primitives know nothing of routes, queries or the API, so that they can be used anywhere.
    files: ["src/ui/**/*.{ts,tsx}"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: ["@tanstack/*", "@/api/*", "@/app/*", "@/pages/*", "@/components/*"] },
      ],
    },
  },
  { files: ["public/**"], languageOptions: { globals: globals.browser } },
  {
    files: ["scripts/**", "e2e/**", "mock/**", "test/**", "*.config.*"],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
);
