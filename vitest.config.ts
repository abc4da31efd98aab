import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Property tests and the fuzz smoke run share two cores with the rest on a small machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
