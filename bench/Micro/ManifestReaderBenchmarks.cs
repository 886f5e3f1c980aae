using System.Text;
using BenchmarkDotNet.Attributes;
using Registry.Core.Oci;

namespace Registry.Bench.Micro;

/// <summary>Reads a manifest: an ordinary image, a large one, and the largest that a client may send.</summary>
[MemoryDiagnoser]
public class ManifestReaderBenchmarks
{
    private byte[] _manifest = [];

    [Params(5, 100, 20_000)]
    public int Layers { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var digest = DigestAlgorithm.Sha256.Compute([]).Value;
        var layer = $$"""{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{{digest}}","size":1}""";
        var layers = string.Join(',', Enumerable.Repeat(layer, Layers));
        _manifest = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{layer}},"layers":[{{layers}}]}""");
    }

    [Benchmark(Baseline = true)]
    public Manifest Read() => ManifestReader.Read(_manifest, MediaTypes.OciManifest).Value;
}
