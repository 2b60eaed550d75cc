// Buffer files of version 1 stay readable for ever.
import Codec
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Golden buffer file") struct BufferGoldenTests {
    /// Every kind of record and every flag, written by today's encoder.
    private struct World {
        static let part = BufferPart(
            storeID: StoreID(bytes: (1...16).map { UInt8($0) }),
            start: 1_700_000_000,
            after: SequenceNumber(start: 1_699_999_000, count: 41),
            createdMs: 1_700_000_000_123
        )
        private(set) var bytes = BufferHeader.bytes(of: part)
        private(set) var facts: [BatchFacts] = []
        private var encoder = BufferEncoder()
        private var numbers: [Labels: UInt32] = [:]

        init() {
            let host: [Labels] = (0..<6).map {
                Labels([
                    Label("__name__", "node_cpu_seconds_total"), Label("cpu", "\($0)"),
                    Label("instance", "gateway-17.plant.example:9100"), Label("mode", "iowait"),
                ])
            }
            add(1, .host, host, atMs: 15_000)
            add(1, .host, host, atMs: 30_000, generated: 2)
            let pushed = [Labels([Label("__name__", "pushed"), Label("ü", "é")])] + host.prefix(3)
            add(
                2,
                .push,
                pushed,
                atMs: 31_000,
                times: [-5, 40_000, 29_999, 1_700_000_000_000],
                verdicts: [.late, .inOrder, .dropped, .inOrder],
                drops: [DropCount(.conflict, 1), DropCount(.seriesLimit, 70_000)]
            )
            // A list that grows each time: sixteen records of series, and their parity.
            var grown = host
            for step in 0..<17 {
                grown.insert(Labels([Label("__name__", "grown_\(step)")]), at: step % 4)
                let late = grown.indices.map { SampleVerdict(rawValue: $0 == step ? 1 : 0) }
                add(
                    1,
                    .host,
                    grown,
                    atMs: 45_000 + Int64(step) * 15_000,
                    verdicts: step % 5 == 4 ? late.map { $0 ?? .inOrder } : []
                )
            }
            add(3, .scrape(job: "demo"), [], atMs: 400_000, drops: [DropCount(.future, 3)])
        }

        // Short decimals, constants, counters, and bits without a pattern.
        private func value(_ step: Int, _ place: Int) -> Double {
            switch place % 6 {
            case 0: Double(step * 7) / 4
            case 1: 42
            case 2: Double(1_000_000 + step * step * 31)
            case 3: Double(bitPattern: 0x3ff0_0000_0000_0000 | UInt64(step) &* 0x9e37_79b9_7f4a)
            case 4: step % 3 == 2 ? .nan : -0.001 * Double(step)
            default: step % 2 == 0 ? 1e300 : -0.0
            }
        }

        private mutating func add(
            _ stream: UInt32,
            _ source: SourceName,
            _ labels: [Labels],
            atMs timeMs: Int64,
            times: [Int64] = [],
            verdicts: [SampleVerdict] = [],
            drops: [DropCount] = [],
            generated: Int = 0
        ) {
            let local = labels.map { one -> UInt32 in
                if let number = numbers[one] { return number }
                let number = encoder.define(one)
                numbers[one] = number
                return number
            }
            let handle = StreamHandle(raw: stream)
            let series = local.map { SeriesHandle(raw: UInt64($0)) }
            let step = facts.count
            let all = verdicts.isEmpty ? labels.map { _ in SampleVerdict.inOrder } : verdicts
            let input = BufferBatchInput(
                number: SequenceNumber(start: World.part.start, count: UInt32(step + 1)),
                stream: handle,
                source: source,
                timeMs: timeMs,
                series: series,
                localSeries: encoder.knows(handle, series) ? nil : local,
                times: times,
                values: labels.indices.map { value(step, $0) },
                verdicts: all,
                lateCount: all.count { $0 == .late },
                storedCount: all.count { $0 != .dropped },
                drops: drops,
                generated: generated
            )
            encoder.append(input, to: &bytes)
            encoder.commit()
            facts.append(BatchFacts(input, labels))
        }
    }

    @Test("version 1 is read, verified, and written byte for byte")
    func read() throws {
        let golden = Self.bytes(Self.hex)
        let world = World()
        #expect(try BufferHeader.parse(golden) == World.part)
        let reading = try BufferReading(golden, start: World.part.start)
        #expect(reading.batches == world.facts)
        #expect(reading.damage.isEmpty && reading.tail.isEmpty)
        #expect(reading.lost == 0 && reading.refused == 0)
        let disk = MemoryFileSystem()
        try disk.open("/v1.gorb", .create).write(golden.span, at: 0)
        let report = try StoreVerifier.verify(path: "/v1.gorb", fileSystem: disk)
        #expect(report.kind == "buffer file" && report.damages.isEmpty && report.notes.isEmpty)
        #expect(report.samples == world.facts.reduce(0) { $0 + $1.values.count })
        // Only libsnappy's choices might differ one day; then this line may go, the rest not.
        #expect(world.bytes == golden, "\(Self.text(world.bytes))")
    }

    @Test("the golden file has every kind of record and every flag")
    func complete() {
        var types: Set<BufferFormat.RecordType> = []
        var flags: UInt8 = 0
        for record in Self.records(Self.bytes(Self.hex)) {
            types.insert(record.type)
            flags |= record.flags
        }
        #expect(types == [.series, .batch, .parity])
        #expect(flags == 0xff)
    }

    @Test("labels of a damaged record of version 1 come back out of its parity")
    func parity() throws {
        let golden = Self.bytes(Self.hex)
        let series = Self.records(golden).filter { $0.type == .series }.prefix(16)
        #expect(series.count == 16)
        for record in series {
            var bytes = golden
            bytes[record.range.lowerBound + 13] ^= 0x40
            let names = try BufferReading(bytes, start: World.part.start).labels
            #expect(names == Set(World().facts.flatMap(\.labels)))
        }
    }

    private static func records(
        _ bytes: [UInt8]
    ) -> [(range: Range<Int>, type: BufferFormat.RecordType, flags: UInt8)] {
        var found: [(range: Range<Int>, type: BufferFormat.RecordType, flags: UInt8)] = []
        var place = BufferFormat.headerBytes
        while place < bytes.count {
            let length = Int(ByteLoads.u32(bytes.span, place)) + BufferFormat.frameBytes
            guard let type = BufferFormat.RecordType(rawValue: bytes[place + 10]) else {
                return found
            }
            found.append((place..<place + length, type, bytes[place + 11]))
            place += length
        }
        return found
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.utf8.compactMap { digit in
            Character(UnicodeScalar(digit)).hexDigitValue.map { UInt8($0) }
        }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 44).map { first in
            bytes[first..<min(first + 44, bytes.count)].map { byte in
                let digits = String(byte, radix: 16)
                return digits.count < 2 ? "0" + digits : digits
            }.joined()
        }.joined(separator: "\n")
    }

    private static let hex = """
        474f5242010000000102030405060708090a0b0c0d0e0f102900000018ed53657b68e5cf8b01000000f15365
        000000000000000000000000944c2a5c17e4ae70474f5242010000000102030405060708090a0b0c0d0e0f10
        2900000018ed53657b68e5cf8b01000000f15365000000000000000000000000944c2a5c17e4ae707d000000
        01000000476f01010006e902f05e0059085f5f6e616d655f5f166e6f64655f6370755f7365636f6e64735f74
        6f74616c03637075013008696e7374616e63651d676174657761792d31372e706c616e742e6578616d706c65
        3a39313030046d6f646506696f7761697425343108ce3600043208ce36000033d236000034d236000035ca36
        008063f31d06e4312e2500000001000000476f02420004686f7374b0ea01000600063d282b40425700000000
        000000004070d60120f290dff801c1cc6b0db7efe0602200000002000000476f02000001b0ea0102000025f1
        caf0000094fe72f36e3ce17fc0090870d60120f290dff80333b200377906d3de1a00000003000000476f0100
        06010016085f5f6e616d655f5f0670757368656402c3bc02c3a9aa9ba05f25d4ddd33100000003000000476f
        027e010470757368b0e40300040c010d030b0102020105f0a204b9e4038af10480afa6fef9628cc3f0a040e9
        2f37efc613ff037ca4a598e942388c1500000004000000476f010007010011085f5f6e616d655f5f0767726f
        776e5f30ebbdfb0a26cee3a62e00000004000000476f02400002b0ea0100070e010f069445038ddcabb40c1d
        00c0bb8fa5cd543bfe079c2100000000000000000080a02c1a00eef5ecafaedd822c1500000005000000476f
        010008010011085f5f6e616d655f5f0767726f776e5f31f3846e550f4a89d32f00000005000000476f024000
        01b0ea0100080e021106122f0f0a0072b024ed030080d25f6ede8d27ff03ce300000ce3a00441ef21b3f4858
        63cb23a0a7cc504e79571500000006000000476f010009010011085f5f6e616d655f5f0767726f776e5f3282
        37ccaa88fcad0e3800000006000000476f02400001b0ea0100090e0313067ab5725474000039be4fb08a8bf9
        1f0628fde5e6dd780a4000000000000000000080a02cd63a0c00c8a1fab70fc519669c77e12d1a1500000007
        000000476f01000a010011085f5f6e616d655f5f0767726f776e5f33681aa9d3c38852193600000007000000
        476f02400001b0ea01000a0e0415067aa5a802ef3e963653edfc0f38c47870d60120f2903f0703916af41300
        56e48c0e00c0bb8fa5cd543bff039aeb7f78f57e36701500000008000000476f01000b010011085f5f6e616d
        655f5f0767726f776e5f345b3b7b07018e7b134800000008000000476f02480001b0ea01000b160109041506
        100014463200b0e1449502a4030018ec4950114ed1ff80431400000000000000000020288c6428760020873e
        043f0000833d092ac229fa1f708802db963aba94d469311500000009000000476f01000c010011085f5f6e61
        6d655f5f0767726f776e5f35c6f3d3b68a7301a25b00000009000000476f02400001b0ea01000c16020b0415
        06122f0f0a007230aff1030000a5bfdcbc1b4fffc3c0604f828a708a01080080b30e009187fcc60f16acf139
        0098e112c7000040e92f37efc6d3ff3030d893a0229c62000200e0ac0340e421bff1031f205674b1dc95a315
        0000000a000000476f01000d010011085f5f6e616d655f5f0767726f776e5f368aab415fd0f4475459000000
        0a000000476f02400001b0ea01000d16030d0415067ab5f2c0740000cdbcc2a3f9c7fa1f026c2584402c9f76
        8004000000000000f0ff41619cc8c0009043579a1f0080665ee1d1fc63fd0f01b6124220964f3b4002000000
        000000f8ffa0304e04e54897df9a96419f150000000b000000476f01000e010011085f5f6e616d655f5f0767
        726f776e5f373b2a246520b565ac470000000b000000476f02400001b0ea01000e16040f0415067ab5680272
        7c9f601517fb1f500241559f0a56156b83c148bc348204002b324e070020c7f7095671b1ff01251054f5a960
        55b136188cc44b2348497e839d91be95b0150000000c000000476f01000f010011085f5f6e616d655f5f0767
        726f776e5f3884da58398b684b186a0000000c000000476f02400001b0ea01000f1e0109040f0415061446e1
        00b02119955ea80300b8e0e1eb8831dbff3020c7f7095671710002000000000000000000048551b8441d0072
        a813f7030070c1c3d71163b6ff61408eef13ace2e20004000000000000000000080aa370893a00e45027ee07
        af0ecd1663062f94150000000d000000476f010010010011085f5f6e616d655f5f0767726f776e5f395ef02a
        1c3cbe53ad620000000d000000476f02480001b0ea0100101e020b040f0415060002122f0f0a0072b040f903
        0080771f4b9ba976ff034e713c38eb001079c89f4343698c030066788632000078f7b1b4996af73fe014c783
        b30e009187fc393494c6380060866728030080771f4b9ba976ff039ab9110afb0bf735160000000e00000047
        6f010011010012085f5f6e616d655f5f0867726f776e5f3130e6fed5c74fa57ec3770000000e000000476f02
        400001b0ea0100111e030d040f0415067ab5726b75000061bb35976804fc1f02424379c227f57d8000000000
        00000000000041698c83a1002087e2b93f000061bb35976804fc1f02424379c227f57d800000000000000000
        000041698c83a1002087e2b93f000061bb35976804fc1f02424379c227f57d803ef3a3dfeb64b37216000000
        0f000000476f010012010012085f5f6e616d655f5f0867726f776e5f31310d655b10c1d3df79770000000f00
        0000476f02400001b0ea0100121e040f040f0415067ab5280a067b12548453fc1f06c2766b2ed10800404d83
        91fd05f77a83c148d4310a078015e9ac030030d893a0229ce2ff3010b65b73894600006a1a8cec2fb8d71b0c
        46a28e513800ac48671d0080c19e0415e114ff8781b0dd9a4b34020050d360647fc1bdde604b678c96c138e2
        5d1600000010000000476f010013010012085f5f6e616d655f5f0867726f776e5f31325dfec5e129b6bc9e76
        00000010000000476f02400001b0ea010013260109040f040f0415069446900020c35a95aaae030058d57987
        0015e5ff80533401000000000000fc7f501a41927801400e4d1d8000005675de214045f93fe0144d00000000
        000000ff1f944690245e0090435307200080559d77085051fe0f384513000000000000c0ff07a511244b83d8
        90564b45881600000011000000476f010014010012085f5f6e616d655f5f0867726f776e5f3133b28ba5f4d6
        6fd82f9600000011000000476f03000800017d0700150900150b00150d00150f00151100161300160507e913
        f8015f3769323a313e6a022d306100305c675f6370755f7365636f6e64735f746f74616c0363707501300869
        6e7374616e63651d676174657761792d31372e706c616e742e6578616d706c653a39313030046d6f64650669
        6f7761697425343108ce3600043208ce36000033d236000034d236000035ca36009d16de52c5d8d224330000
        0011000000476f03800806001a0800150a00150c00150e001510001512001614001610000007000000000000
        0000000117071c1f0b3b3bc1bc02c3a9d902f00106f1475c7600000011000000476f02400001b0ea01001426
        020b040f040f041506122f0f0a007230d9030400004a7fb979379eff034ef1000038eb001079c86ffca08131
        4e0480196ee50c000028fde5e6dd78fe0f38c50300e0ac0340e421bff18306c638110066b895330000a0f497
        9b77e3f93fe0140f0080b30e009187fcc60f1a18e34453fed508210451d81600000012000000476f01001501
        0012085f5f6e616d655f5f0867726f776e5f313428f6bcb50324deaa8500000012000000476f024a0004686f
        7374b0901f001526030d040f040f04150600400094c6e73c282b3f6587fa5c54c56ba0fe0f000000000000f0
        ff000000000000000048697cce83b2f25376a8cf4555bc06eaff00000000000000ff0f000000000000008094
        c6e73c282b3f6587fa5c54c56ba0fe0f000000000000f0ff000000000000000048697cce83b2f25376005847
        09bb71a5861600000013000000476f010016010012085f5f6e616d655f5f0867726f776e5f3135f21e7f401c
        c8d2978b00000013000000476f02400001b0ea01001626040f040f040f04150612af183d80665ee1d1fc63ff
        878035ab0726ce3b1a200fce3a00441ef2e7602876309251914a3b00009a798547f38ffd1f02d6ac1e9838ef
        68803c38eb001079c89f83a1d8c14846452aed000068e6151ecd3ff67f0858b37a60e2bca301f2e0ac0340e4
        217f0e866207231915a9b40300a099577834ffd8ff01576ab33fc79b46591600000014000000476f01001701
        0012085f5f6e616d655f5f0867726f776e5f3136b52f286c40db13138800000014000000476f02400001b0ea
        0100172e0109040f040f040f04150694463f01d2a834b71d00c04f8e18c1c377ff071ca3c8f3fdd478e926f9
        034aa39f102900e450901b0800e027478ce0e1bbff038e51e4f97e6abc7493fc01a5d14f8814007228c80d04
        00f0932346f0f0ddff01c728f27c3f355eba49fe80d2e827440a003914e4060200f8c9112378f8eeff806314
        a3c8e8f222cccbb51500000015000000476f0262020b7363726170652f64656d6f80ea30000001040364796a
        70ee0cb95d
        """
}
