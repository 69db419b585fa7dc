/// What can be wrong with a model file, a tokenizer or a chat template: one entry a code, for `help K201`.
public enum FormatProblems {
  /// One code of the table.
  public struct Entry: Equatable, Sendable {
    public var code: String
    /// A short name of the problem, as a heading.
    public var title: String
    /// What it means and what to do, in two or three sentences.
    public var explanation: String
  }

  /// Every code that the formats throw, in order.
  public static let all: [Entry] = [
    Entry(
      code: "K201", title: "a file cannot be opened",
      explanation: "The path does not exist, is a folder, or may not be read. Check the path; a relative one starts "
        + "at the folder in which kvsh was started."),
    Entry(
      code: "K202", title: "not a GGUF file",
      explanation: "A GGUF file begins with the four letters GGUF. A model in safetensors is "
        + "named by its folder; other formats must be converted first. A page saved by a browser instead of the file gives this too."
    ),
    Entry(
      code: "K203", title: "a GGUF version or byte order that is not read",
      explanation: "Versions 2 and 3 are read, little-endian only. Convert the model again with a current converter."),
    Entry(
      code: "K204", title: "a file that ends too soon",
      explanation: "Something the file declares lies past its last byte, nearly always because a download or a copy "
        + "was cut short. Fetch the file again."),
    Entry(
      code: "K205", title: "a damaged GGUF file",
      explanation: "The file contradicts the format: an impossible shape, an unknown value type, a name that occurs "
        + "twice, an alignment that is not a power of two. Fetch or convert it again."),
    Entry(
      code: "K206", title: "a tensor type that is not supported",
      explanation: "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K and IQ4_NL are read. Files quantised "
        + "to other types (the other IQ types, the ternary and microscaling ones) need a copy of the model in one of "
        + "these."),
    Entry(
      code: "K207", title: "a metadata key is missing",
      explanation:
        "The model cannot be run without this entry of the file's metadata or of config.json. The file was written by an "
        + "incomplete converter, or it is not a language model."),
    Entry(
      code: "K208", title: "a metadata value of the wrong type",
      explanation: "The key is there, but holds another type than the format gives it, or a number out of range."),
    Entry(
      code: "K209", title: "no such tensor",
      explanation: "The architecture needs a tensor of this name and the file has none."),
    Entry(
      code: "K211", title: "a damaged safetensors file",
      explanation: "The header (a length, then JSON) does not parse, or its shapes, types and byte ranges do not "
        + "agree with one another or with the file."),
    Entry(
      code: "K212", title: "a safetensors tensor that cannot be read so",
      explanation: "There is no tensor of this name, or its type cannot become 32-bit floats."),
    Entry(
      code: "K213", title: "a JSON file of a model folder that does not parse",
      explanation: "The file is cut short, is not JSON, or holds something else than an object. Fetch it again."),
    Entry(
      code: "K214", title: "a model folder that is not complete",
      explanation: "A folder needs config.json, the weights as model.safetensors or as the shards that "
        + "model.safetensors.index.json names, and tokenizer.json. Fetch the missing file into the folder."),
    Entry(
      code: "K221", title: "a tokenizer that is not supported",
      explanation:
        "Byte-level BPE (tokenizer.ggml.model = gpt2) and SentencePiece BPE (llama) are read; unigram models "
        + "(t5), WordPiece (bert) and others are not. Of a tokenizer.json every component must be one that kvsh has: "
        + "leaving one out would give other token ids than the model was trained on."),
    Entry(
      code: "K222", title: "damaged tokenizer tables",
      explanation:
        "The vocabulary, its token types and its merges do not fit together: fetch or convert the file again."),
    Entry(
      code: "K223", title: "a pre-tokeniser that is not supported",
      explanation:
        "The file names a rule for splitting text (tokenizer.ggml.pre, or pre_tokenizer of tokenizer.json) that kvsh does not have. Guessing one "
        + "would give other token ids than the model was trained on, so the file is refused."),
    Entry(
      code: "K231", title: "a chat template that is not recognised",
      explanation: "Chat templates are programs; kvsh recognises the common ones by their markers and does not run "
        + "them. Write the prompt out in full, with the model's own markers, and use no template."),
    Entry(
      code: "K232", title: "messages that the chat template cannot render",
      explanation: "The template allows only some roles or orders, such as user and assistant in turn."),
  ]

  static func cannotOpen(path: String, reason: String) -> RuntimeProblem {
    RuntimeProblem("K201", seen: "cannot open \(path): \(reason)", suggestion: "check the path")
  }
}

extension Int {
  /// The number with a comma between thousands, as messages show byte counts.
  var grouped: String { magnitude.groupedDigits(negative: self < 0) }
}

extension UInt64 {
  /// The number with a comma between thousands.
  var grouped: String { groupedDigits(negative: false) }
}

extension UnsignedInteger {
  fileprivate func groupedDigits(negative: Bool) -> String {
    let digits = Array(String(self))
    var text = negative ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }
}
