declare module '*.json?first' {
  const part: Record<string, string>;
  export default part;
}
declare module '*.json?rest' {
  const part: Record<string, string>;
  export default part;
}
declare module '*.json?late' {
  const part: Record<string, string>;
  export default part;
}
