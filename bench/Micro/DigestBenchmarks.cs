using BenchmarkDotNet.Attributes;
using Registry.Core.Oci;

namespace Registry.Bench.Micro;

/// <summary>Hashes 16 MiB in the pieces of an upload: the minimum cost of every push.</summary>
[MemoryDiagnoser]
public class DigestBenchmarks
{
    private const int Total = 16 * 1024 * 1024;

    private byte[] _piece = [];

    [Params(4 * 1024, 256 * 1024, 1024 * 1024)]
    public int PieceSize { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _piece = new byte[PieceSize];
        new Random(1).NextBytes(_piece);
    }

    [Benchmark(Baseline = true)]
    public byte[] Sha256() => Hash(DigestAlgorithm.Sha256);

    [Benchmark]
    public byte[] Sha512() => Hash(DigestAlgorithm.Sha512);

    private byte[] Hash(DigestAlgorithm algorithm)
    {
        using var hash = algorithm.CreateHash();
        for (var done = 0; done < Total; done += PieceSize)
        {
            hash.AppendData(_piece);
        }

        return hash.GetHashAndReset();
    }
}
