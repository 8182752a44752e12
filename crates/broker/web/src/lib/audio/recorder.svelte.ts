// The phone's microphone: asks for it, shows its level, gives one recording. It holds the microphone only while recording.

export type RecorderProblem = 'insecure' | 'unsupported' | 'denied' | 'no_microphone' | 'busy' | 'interrupted';

/** Longer than any bulletin should be; keeps a forgotten recording from filling the phone. */
export const LONGEST_MS = 15 * 60_000;
const TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus', 'audio/webm'];
/** Peak of the samples, 0 to 1. */
const TOO_QUIET = 0.04;
const TOO_LOUD = 0.98;

export interface Recording {
  blob: Blob;
  name: string;
  duration_ms: number;
}

function problemOf(thrown: unknown): RecorderProblem {
  const name = thrown instanceof Error ? thrown.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'no_microphone';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'unsupported';
}

export class Recorder {
  state = $state<'idle' | 'asking' | 'recording'>('idle');
  problem = $state<RecorderProblem | undefined>();
  /** Loudest sample of the last moments, 0 to 1, falling off slowly enough to be read. */
  level = $state(0);
  elapsedMs = $state(0);
  /** What the level says to whoever speaks. */
  hint = $state<'quiet' | 'loud' | 'good'>('good');

  #media: MediaRecorder | undefined;
  #stream: MediaStream | undefined;
  #audio: AudioContext | undefined;
  #frame = 0;
  #done: ((recording: Recording) => void) | undefined;

  async start(done: (recording: Recording) => void): Promise<void> {
    if (this.state !== 'idle') return;
    this.problem = undefined;
    if (!navigator.mediaDevices?.getUserMedia) {
      this.problem = isSecureContext ? 'unsupported' : 'insecure';
      return;
    }
    if (typeof MediaRecorder === 'undefined') {
      this.problem = 'unsupported';
      return;
    }
    this.state = 'asking';
    try {
      const constraints = { channelCount: 1, echoCancellation: false, noiseSuppression: true, autoGainControl: true };
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: constraints });
      this.#done = done;
      this.#record(this.#stream);
      this.#watch(this.#stream);
      this.state = 'recording';
    } catch (thrown) {
      this.problem = problemOf(thrown);
      this.#release();
    }
  }

  stop(): void {
    if (this.#media?.state === 'recording') this.#media.stop();
  }

  /** Throws the recording away. */
  cancel(): void {
    this.#done = undefined;
    this.stop();
    this.#release();
  }

  #record(stream: MediaStream): void {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const media = new MediaRecorder(stream, { ...(mimeType ? { mimeType } : {}), audioBitsPerSecond: 64_000 });
    const pieces: Blob[] = [];
    const began = performance.now();
    media.ondataavailable = (event) => {
      if (event.data.size > 0) pieces.push(event.data);
    };
    media.onstop = () => {
      if (this.#media !== media) return;
      const type = media.mimeType || 'audio/webm';
      const done = this.#done;
      const duration_ms = performance.now() - began;
      this.#release();
      if (pieces.length === 0) this.problem = 'interrupted';
      else done?.({ blob: new Blob(pieces, { type }), name: `recording.${type.includes('mp4') ? 'm4a' : 'webm'}`, duration_ms });
    };
    media.onerror = () => {
      this.problem = 'interrupted';
      this.stop();
    };
    // A phone call or another app may take the microphone: keep what there is.
    for (const track of stream.getAudioTracks()) track.onended = () => this.stop();
    media.start(1_000);
    this.#media = media;
  }

  #watch(stream: MediaStream): void {
    this.#audio = new AudioContext();
    const analyser = this.#audio.createAnalyser();
    analyser.fftSize = 2048;
    this.#audio.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const began = performance.now();
    let loudest = 0;
    const look = () => {
      analyser.getFloatTimeDomainData(samples);
      let peak = 0;
      for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
      this.level = Math.max(peak, this.level * 0.9);
      loudest = Math.max(peak, loudest * 0.995);
      this.elapsedMs = performance.now() - began;
      this.hint = loudest >= TOO_LOUD ? 'loud' : this.elapsedMs > 1_500 && loudest < TOO_QUIET ? 'quiet' : 'good';
      if (this.elapsedMs >= LONGEST_MS) this.stop();
      this.#frame = requestAnimationFrame(look);
    };
    this.elapsedMs = 0;
    look();
  }

  #release(): void {
    cancelAnimationFrame(this.#frame);
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    void this.#audio?.close();
    this.#stream = undefined;
    this.#audio = undefined;
    this.#media = undefined;
    this.#done = undefined;
    this.level = 0;
    this.state = 'idle';
  }
}
