/// Which requests a model is trained on and which it is judged by: by the request's name alone, so that one request is on
/// one side for every configuration.
public struct LengthSplit: Equatable, Sendable {
  /// Folds of cross-validation inside the training part.
  static let folds = 5

  /// Places of the training part, ascending.
  public let train: [Int]
  /// Places of the test part, ascending.
  public let test: [Int]
  /// The fold of each training request. // [train]
  public let folds: [Int]

  /// Tenths of the first eight digits of SHA-256 of the name: 0 to 7 train, 8 and 9 test for test=0.2.
  ///
  /// - Parameters:
  ///   - salt: 0 hashes the name itself, others the name, a '#' and the salt.
  ///   - test: the share held out, in tenths.
  ///   - sha256: lower-case hexadecimal digest of a text.
  /// - Throws: `RuntimeProblem` K654 if a part or a fold has no request.
  public init(_ samples: [String], salt: Int, testTenths: Int = 2, sha256: (String) -> String) throws {
    var (train, test, folds): ([Int], [Int], [Int]) = ([], [], [])
    for (place, sample) in samples.enumerated() {
      let digest = sha256(Self.text(sample, salt: salt))
      if Self.number(digest, 0) % 10 >= UInt32(10 - testTenths) {
        test.append(place)
      } else {
        train.append(place)
        folds.append(Int(Self.number(digest, 1) % UInt32(Self.folds)))
      }
    }
    guard !test.isEmpty, (0..<Self.folds).allSatisfy(folds.contains) else {
      throw RuntimeProblem(
        LengthPredictionProblems.tooFewRows, seen: "\(samples.count) requests, of which \(test.count) are held out",
        expected: "some to train each fold and some to test", suggestion: "run with a larger n")
    }
    self.train = train
    self.test = test
    self.folds = folds
  }

  /// The folds of all requests, for a model that is trained on every one.
  static func folds(_ samples: [String], sha256: (String) -> String) -> [Int] {
    samples.map { Int(number(sha256($0), 1) % UInt32(folds)) }
  }

  static func text(_ sample: String, salt: Int) -> String { salt == 0 ? sample : "\(sample)#\(salt)" }

  /// The `place`th eight digits of a hexadecimal text as a number.
  static func number(_ digest: String, _ place: Int) -> UInt32 {
    UInt32(digest.dropFirst(8 * place).prefix(8), radix: 16) ?? 0
  }
}
