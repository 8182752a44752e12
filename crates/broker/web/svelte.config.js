// Styles go to files, never into the page: the Content-Security-Policy forbids inline ones.
export default { compilerOptions: { css: 'external', runes: true } };
