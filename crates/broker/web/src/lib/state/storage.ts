// localStorage that never throws: a phone may have it full, forbidden or gone. What can't be kept is simply not kept.

export function load(name: string): unknown {
  try {
    const text = localStorage.getItem(`loa.${name}`);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function save(name: string, value: unknown): boolean {
  try {
    if (value === undefined) localStorage.removeItem(`loa.${name}`);
    else localStorage.setItem(`loa.${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
