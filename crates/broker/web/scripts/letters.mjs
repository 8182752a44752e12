// The letters of Vietnamese and English, and the signs that the page writes: what its font has to draw. Anything else is drawn by the phone's own.
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at)).join('');

/** By the names of the font package's parts. */
export const LETTERS = {
  latin: `${range(0x20, 0x7e)}\u00a0°·×²³ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúý–—‘’“”•…−`,
  vietnamese: `ĂăĐđĨĩŨũƠơƯư₫\u0300\u0301\u0303\u0309\u0323${range(0x1ea0, 0x1ef9)}`,
};
