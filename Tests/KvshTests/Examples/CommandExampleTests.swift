import Foundation
import Lang
import Runtime
import Testing

@testable import kvsh

/// The examples that `help` shows, each run by the real program in the folder of the package.
@Suite(.serialized)
struct CommandExampleTests {
  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// The group that Lang's own table commands stand in.
  static let tableGroup = "tables"

  /// What an example's note promises, as a pattern of the output.
  static let promises: [String: String] = [
    "model": "layers: 30", "models": "SmolLM2-135M-Instruct", "tokenize \"Hello world\"": "Hello[^|]* world",
    "logprobs \"The capital of France is\" top=3": "Paris(.|\\n)*\\n.+\\n.+",
    "(trace \"The cat sat on the mat.\" layer=14 head=0).weights": "tensor \\[\\d+, \\d+\\] float32",
    "(trace \"The cat sat on the mat.\" layer=3).k.shape": "\\[3, \\d+, 64\\]",
    "generate \"What is a cache?\" max=24": "(?i)cache",
    "compress kivi bits=2": "^kivi bits=2\\n$",
    "compress kivi bits=[2,4] group=[32,64]": "4\\. kivi bits=4 group=64",
    "compress [kivi(bits=2), h2o(budget=512)]": "1\\. kivi bits=2\\n2\\. h2o budget=512",
    "compress h2o variant=prefill budget=30% | compress kivi bits=4": "h2o budget=30% variant=prefill \\| kivi bits=4",
    "compressors": "kivi(.|\\n)*gear(.|\\n)*streamingllm(.|\\n)*h2o",
    "compressors | where family == \"eviction\"": "^(?!(.|\\n)*\\nkivi)(.|\\n)*streamingllm",
    "run sharegpt n=4 max=16": "^(?!(.|\\n)*kivi)(.|\\n)*fp16",
    "compress kivi bits=2 | run sharegpt n=4 max=16": "fp16(.|\\n)*kivi bits=2",
    "measure prefill tokens=64 repeat=3": "tok_s(.|\\n)*fp16 +64 +1",
    "compress kivi bits=2 | measure decode depth=[64,256] steps=4 repeat=2":
      "fp16 +64(.|\\n)*kivi bits=2 +64(.|\\n)*fp16 +256(.|\\n)*kivi bits=2 +256",
    "compress kivi bits=2 | measure latency prompt=64 gen=4 batch=2 repeat=2": "ttft_ms(.|\\n)*kivi bits=2 +64 +2",
    "breakeven streamingllm budget=32 from=32 to=64 steps=4 repeat=2":
      "streamingllm budget=32, batch 1, decode(.|\\n)*undecided(.|\\n)*pays_from",
    "compress kivi bits=[2,4] | measure memory tokens=256 batch=2": "held_bytes(.|\\n)*kivi bits=4 +256 +2",
    "perplexity \"examples/demo.kvs\"": "perplexity(.|\\n)*fp16.+prompt",
    "compress kivi bits=2 | perplexity \"examples/demo.kvs\" window=256": "fp16.+steps(.|\\n)*kivi bits=2.+steps",
    "data": "bundled sample", "peek sharegpt 3": "im_start",
    "compress kivi bits=2 | run sharegpt n=4 max=16 | lengths": "mean_D(.|\\n)*kivi bits=2",
    "compress kivi bits=2 | run sharegpt n=4 max=16 | plot lengthdiff": "density(.|\\n)*kivi bits=2  4",
    "compress kivi bits=2 | run sharegpt n=4 max=16 | plot latency": "share of requests done(.|\\n)*kivi bits=2 +4",
    "[{a: 1}] | table | save \"a.csv\"": "saved a.csv \\(4 bytes\\)",
    "[\"# Numbers\", ([{a: 1}] | table)] | save \"a.html\"": "saved a.html",
    "load \"examples/lengths.csv\" | lengths": "kivi bits=2",
    "history | tail 5": "line", "history | where rows > 0": "done(.|\\n)*run sharegpt", "help run": "temperature",
    "run sharegpt n=2 max=8; show (history | where rows > 0 | tail 1).id[0]":
      "# line \\d+(.|\\n)*\nrun sharegpt n=2 seed=0 noise_seed=0 max=8",
    "run sharegpt n=2 max=8; repro (history | where rows > 0 | tail 1).id[0] | select sample same":
      "2 of 2 responses are the same(.|\\n)*true",
    "help kivi": "arXiv 2402.02750", "help K012": "unknown name",
    "\"6 * 7\" | save \"answer.txt\"; source \"answer.txt\"": "saved(.|\\n)*\n42\n",
    "compress streamingllm budget=128 | run passkey n=4 tokens=300 | summarize score=mean(score) by=config":
      "fp16 +\\d(.|\\n)*streamingllm budget=128",
    "compress streamingllm sink=2 recent=4 | inspect \"The cache of a language model grows with every token.\"":
      "54\\.5 % of 11 tokens(.|\\n)*kept_share",
    "compress h2o budget=8 | inspect \"The cache of a language model grows with every token.\" by=token | where layer == 0":
      "72\\.7 % of 11 tokens(.|\\n)*key_bits",
    "compress kivi bits=2 | run sharegpt n=4 max=16 | explain time": "attention(.|\\n)*pack(.|\\n)*kivi bits=2",
    "compress kivi bits=2 | measure overview tokens=64 windows=1 n=1 repeat=1": "held_bytes(.|\\n)*kivi bits=2 +100%",
    "compress streamingllm budget=64 | measure quality depth=[64,128] steps=8 windows=2 follow=8":
      "kl_low(.|\\n)*streamingllm budget=64 +128",
    "time sum(1..100000)": "took (.|\\n)*5000050000",
    "time compress kivi bits=2 | measure prefill tokens=64 repeat=3": "took .+s\n(.|\\n)*kivi bits=2 +64",
    "load scores \"examples/scores\" | summarize score=mean(score) by=config": "fp16(.|\\n)*half(.|\\n)*third",
    "load scores \"examples/scores\" | negatives theta=[10%, 50%] set={both: [\"half\", \"third\"]}":
      "both +0\\.100 +2 +8(.|\\n)*both +0\\.500 +1 +8",
    "compress kivi | profile batch=[1,2] tokens=[8,16,24,32,40] rounds=1":
      "kept for(.|\\n)*fp16 +prefill +1 2 +8 to 40(.|\\n)*kivi +decode",
    "predict throughput kivi batch=8 tokens=2Ki from=\"examples/profile\"": "kivi +decode +8 +2048 +29\\.5",
    "predict accuracy from=\"examples/profile\"":
      "fp16 +table +shipped +83\\.6(.|\\n)*stream +table +corrected +94\\.2",
    "route kivi policy=[baseline, both] from=\"examples/profile\" n=200":
      "kivi +baseline +10\\.000(.|\\n)*kivi +both +10\\.000 +29",
    "route gear policy=(r, s) -> e2e(r, s) + 0.1 * s.waiting from=\"examples/profile\" n=200":
      "gear +own +10\\.000 +25",
    "compress kivi bits=4 | serve-study sharegpt n=4 max_prompt=100 max=8 rounds=1 policy=both b_max=2":
      "measured just now(.|\\n)*kivi bits=4 +both(.|\\n)*sim_mean_s",
    "serve-study sharegpt n=4 max_prompt=100 max=8 rounds=1 policy=baseline b_max=2 per=calibration":
      "server_config(.|\\n)*2 x fp16(.|\\n)*prefill(.|\\n)*decode",
    "compress kivi bits=2 | run sharegpt n=4 max=16 controls=on | lengths":
      "kivi bits=2(.|\\n)*fp16 T=0\\.9(.|\\n)*fp16 T=1\\.1(.|\\n)*reseed",
    "compress kivi bits=2 | run sharegpt n=4 max=16 controls=on | lengths per=part | where part == \"all\"":
      "part(.|\\n)*reseed +all +4",
    "compress kivi bits=2 residual=32 | run sharegpt n=4 max=24 | verbosity score=qa_f1":
      "grown(.|\\n)*qa_f1_reference",
    "compress kivi bits=2 residual=32 | run sharegpt n=4 max=24 | verbosity score=off": "sum_ratio(.|\\n)*kivi bits=2",
    "compress kivi bits=2 | run sharegpt n=60 max=6; train length from=run:last features=hash salts=1":
      "kept as length predictor(.|\\n)*kivi bits=2 +constant",
    "run sharegpt n=60 max=6; train length from=run:last features=hash salts=1; predict length \"What is a cache?\"":
      "coverage(.|\\n)*What is a cache",
    "train task from=\"examples/tasks.json\"":
      "prompts it has not seen: 100\\.0 % right without(.|\\n)*kept as task classifier(.|\\n)*bare +tasks +code",
    "train task from=\"examples/tasks.json\"; predict task \"Summarize the report in one page.\"":
      "kept as task classifier(.|\\n)*second_share(.|\\n)*Summarize the report",
    "load scores \"examples/choice\" | train auto goal=score":
      "auto: a higher score than the best fixed choice(.|\\n)*best fixed(.|\\n)*dropped 48, packed 32",
    "load scores \"examples/choice\" | negatives per=table on=all":
      "baseline +(packed|dropped)(.|\\n)*all +QA +2 +16",
    "compress [kivi(bits=2), h2o(budget=30%)] | compress auto": "1\\. kivi bits=2\\n2\\. h2o budget=30%\\n3\\. auto",
    "load scores \"examples/scores\" | compare fp16 half": "half(.|\\n)*score(.|\\n)*fp16",
  ]

  @Test("every example of every command does what its note says")
  func examples() throws {
    let folder = try TemporaryFolder()
    try RealModel.link(into: folder.path + "/kvsh")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/examples", withDestinationPath: Self.package + "/examples")
    let commands = try CommandSession(hasModel: false).session.context.commands.signatures
    let own = commands.filter { $0.group != Self.tableGroup }
    var unused = Set(Self.promises.keys)
    // What `measure` measures has examples of its own.
    let measured = Measurements.all.map { ($0.entry.name, $0.entry.examples) }
    var seen: Set<String> = []
    for (name, examples) in own.map({ ($0.name, $0.examples) }) + measured {
      #expect(!examples.isEmpty, "\(name) has no example")
      for example in examples where seen.insert(example.code).inserted {
        let result = try KvshCall(["-c", example.code], in: folder, workingFolder: folder.path).result()
        #expect(result.status == 0, "\(example.code): \(result.errors)")
        unused.remove(example.code)
        let promise = try #require(Self.promises[example.code], "no promise for \(example.code)")
        #expect(try result.output.contains(Regex(promise)), "\(example.code):\n\(result.output)")
      }
    }
    #expect(unused.isEmpty)
    #expect(try String(contentsOfFile: folder.path + "/a.csv", encoding: .utf8) == "a\n1\n")
  }

  @Test("every example of the table commands runs and yields rows")
  func tableExamples() throws {
    let test = try CommandSession(hasModel: false)
    for signature in test.session.context.commands.signatures where signature.group == Self.tableGroup {
      #expect(!signature.examples.isEmpty, "\(signature.name)")
      for example in signature.examples {
        switch try test.run(example.code) {
        case .table(let table): #expect(table.rowCount > 0, "\(example.code)")
        case .list(let list): #expect(!list.isEmpty, "\(example.code)")
        case .range(let range): #expect(range.count > 0, "\(example.code)")
        case let other: Issue.record("\(example.code) yields \(other.display)")
        }
      }
    }
  }

  @Test("every example of a method or preset makes that method")
  func methodExamples() throws {
    let test = try CommandSession(hasModel: false)
    // `auto` makes none: it chooses among those it is given.
    for entry in test.session.context.catalogue.entries(of: "method") where entry.name != AutoChoice.name {
      #expect(!entry.examples.isEmpty)
      for example in entry.examples {
        let made = try #require(try test.run(example.code).configurations)
        #expect(made.map(\.label).allSatisfy { $0.hasPrefix(entry.name.prefix { $0 != "/" }) })
      }
    }
  }
}
