/// The work whose speed is measured.
public enum TimedWork: Hashable, Sendable {
  /// `batch` prompts of `tokens` tokens, one behind the other, each up to the logits of its first new token.
  case prefill(tokens: Int, batch: Int)
  /// `steps` steps of `batch` sequences together, each of which holds `depth` tokens at first.
  case decode(depth: Int, batch: Int, steps: Int)
  /// `batch` requests sent at one moment, each a prompt of `prompt` tokens and `new` new ones, sampling included.
  case requests(prompt: Int, batch: Int, new: Int)

  /// Steps that are run before those that are timed: they touch the weights and grow the caches.
  public static let untimedSteps = 2

  /// Tokens of the longest text the work makes; a request's last token is never fed.
  public var textTokens: Int {
    switch self {
    case .prefill(let tokens, _): tokens
    case .decode(let depth, _, let steps): max(1, depth) + steps + Self.untimedSteps
    case .requests(let prompt, _, let new): prompt + max(1, new) - 1
    }
  }

  /// Tokens of a text that are its prompt.
  var promptTokens: Int {
    switch self {
    case .prefill(let tokens, _): tokens
    case .decode(let depth, _, _): max(1, depth)
    case .requests(let prompt, _, _): prompt
    }
  }

  public var batch: Int {
    switch self {
    case .prefill(_, let batch), .decode(_, let batch, _), .requests(_, let batch, _): batch
    }
  }
}
