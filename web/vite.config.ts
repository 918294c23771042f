import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server sends `default-src 'self'` without exceptions: nothing may be inlined, no script is
// injected for preloading, and every asset is a file of its own with a hash in its name.
export default defineConfig(async ({ command }) => ({
  base: "/",
  plugins: [react(), tailwind(), ...(command === "serve" ? [await mockApi()] : [])],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 300,
  },
}));

async function mockApi() {
  return (await import("./mock/plugin.ts")).mockApi();
}
