import Foundation

extension BatchEngine {
  /// How a text goes through the model when it is scored.
  public enum Feeding: String, CaseIterable, Sendable {
    /// A window as one prompt: what the model says uncompressed, since methods act behind a prompt.
    case prompt
    /// A window's context as a prompt, then every scored token as a decode step against the cache the method made of it.
    /// A prompt method shortens the context; the scored tokens follow behind what it leaves.
    case steps
  }

  /// Scores a text teacher-forced, window by window.
  ///
  /// - Parameters:
  ///   - batch: windows that decode together if they are fed by steps.
  ///   - onWindow: told how many windows are done.
  /// - Throws: `CancellationError`; `RuntimeProblem` K305 (method and model), K602 (numbers), K607 (memory),
  ///   K608 (text or windows).
  public func perplexity(
    of text: [Int32], window: Int, stride: Int, _ compressor: Compressor = .none, feeding: Feeding = .prompt,
    batch: Int = 8, _ cancellation: Cancellation? = nil, onWindow: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> PerplexityRun {
    let context = model.configuration.contextTokens
    guard text.count >= 2 else {
      throw RuntimeProblem(
        "K608", seen: "a text of \(text.count) tokens", expected: "at least two: one foretells the next")
    }
    guard window >= 2, window <= context else {
      throw RuntimeProblem("K608", seen: "window=\(window)", expected: "2 to \(context) tokens, the model's context")
    }
    guard stride >= 1, stride <= window else {
      throw RuntimeProblem("K608", seen: "stride=\(stride) with window=\(window)", expected: "1 to \(window) tokens")
    }
    if let token = text.first(where: { $0 < 0 || Int($0) >= model.configuration.vocabulary }) {
      throw RuntimeProblem("K603", seen: "token \(token)", expected: "tokens below \(model.configuration.vocabulary)")
    }
    if feeding == .prompt, compressor.leavesPromptTokensOut {
      throw RuntimeProblem(
        "K608",
        seen:
          "\(compressor.label) leaves tokens of prompts out, and a window that is one prompt would lose some to score",
        expected: "windows fed by steps", suggestion: "feed=steps")
    }
    let windows = PerplexityWindows(count: text.count, window: window, stride: stride).windows
    var run = PerplexityRun()
    let group = feeding == .prompt ? 1 : max(1, batch)
    try checkMemory(
      windows.map { .init(prompt: feeding == .prompt ? $0.tokens.count : window - stride, tokens: $0.tokens.count) },
      compressor, batch: group)
    for first in Swift.stride(from: 0, to: windows.count, by: group) {
      onWindow(first, windows.count)
      let part = Array(windows[first..<min(windows.count, first + group)])
      let sums =
        switch feeding {
        case .prompt: [try scorePrompt(part[0], text, compressor, cancellation)]
        case .steps: try scoreSteps(part, text, compressor, cancellation)
        }
      for (window, sum) in zip(part, sums) { run.add(sum, count: window.scored.count) }
    }
    return run
  }

  /// Summed losses of a window's scored tokens, all of it one prompt.
  private func scorePrompt(
    _ window: PerplexityWindows.Window, _ text: [Int32], _ compressor: Compressor, _ cancellation: Cancellation?
  ) throws -> Double {
    let cache = try pass.makeCache(compressor)
    var sum = 0.0
    var start = window.tokens.lowerBound
    while start < window.tokens.upperBound {
      let end = min(window.tokens.upperBound, start + chunkTokens)
      let isLast = end == window.tokens.upperBound
      try pass.run([.prompt(Array(text[start..<end]), of: cache, isLast: isLast)], cancellation)
      // The row of a token foretells the one behind it.
      let scored = max(start, window.scored.lowerBound - 1)..<max(min(end, window.scored.upperBound - 1), start)
      // In blocks: a row of logits is 200 kB.
      for block in Swift.stride(from: scored.lowerBound, to: scored.upperBound, by: 64) {
        let rows = Array(block..<min(scored.upperBound, block + 64))
        for loss in pass.losses(rows: rows.map { $0 - start }, next: rows.map { text[$0 + 1] }) { sum += loss }
      }
      start = end
    }
    return sum
  }

  /// Summed losses of several windows' scored tokens, which are fed one at a time to all of them together.
  private func scoreSteps(
    _ windows: [PerplexityWindows.Window], _ text: [Int32], _ compressor: Compressor, _ cancellation: Cancellation?
  ) throws -> [Double] {
    var sums = [Double](repeating: 0, count: windows.count)
    var caches: [SequenceCache] = []
    for (index, window) in windows.enumerated() {
      let cache = try pass.makeCache(compressor)
      let prompt = Array(text[window.tokens.lowerBound..<window.scored.lowerBound])
      let row = try fill(cache, with: prompt, cancellation)
      sums[index] += pass.losses(rows: [row], next: [text[window.scored.lowerBound]])[0]
      caches.append(cache)
    }
    let longest = windows.map(\.scored.count).max() ?? 0
    for step in 0..<max(0, longest - 1) {
      let active = windows.indices.filter { step + 1 < windows[$0].scored.count }
      let fed = active.map { text[windows[$0].scored.lowerBound + step] }
      let next = active.map { text[windows[$0].scored.lowerBound + step + 1] }
      try pass.run(zip(active, fed).map { .step($1, of: caches[$0]) }, cancellation)
      for (index, loss) in zip(active, pass.losses(rows: pass.lastRows, next: next)) { sums[index] += loss }
    }
    return sums
  }
}
