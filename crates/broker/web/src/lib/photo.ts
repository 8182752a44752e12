// A photo made small enough for a weak network: drawn anew, so that nothing of what the phone wrote into the file goes along.
import { Problem } from './api/problem';

/** Largest photo that the broker takes, bytes. */
export const PHOTO_BYTES = 300_000;
/** Longest sides and qualities that are tried, the best first. */
const TRIES = [1600, 1200, 900, 600].flatMap((side) => [0.8, 0.6].map((quality) => ({ side, quality })));

/** Width and height that fit into a square, never larger than they are. */
export function fitted(width: number, height: number, side: number): [number, number] {
  const scale = Math.min(1, side / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

export async function shrunk(file: Blob): Promise<Blob> {
  const unusable = () => new Problem('photo_unusable');
  const picture = await createImageBitmap(file).catch(() => {
    throw unusable();
  });
  try {
    for (const { side, quality } of TRIES) {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = fitted(picture.width, picture.height, side);
      canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
      const jpeg = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', quality));
      if (jpeg?.type === 'image/jpeg' && jpeg.size <= PHOTO_BYTES) return jpeg;
    }
  } finally {
    picture.close();
  }
  throw unusable();
}
