using BenchmarkDotNet.Attributes;
using Registry.Core.Oci;

namespace Registry.Bench.Micro;

/// <summary>Values that are parsed on every request.</summary>
[MemoryDiagnoser]
public class NameBenchmarks
{
    private readonly string _name = "library/some-team/some.service_name";
    private readonly string _tag = "v1.2.3-rc.1";
    private readonly string _digest = DigestAlgorithm.Sha256.Compute([1, 2, 3]).Value;

    [Benchmark(Baseline = true)]
    public bool ValidateName() => RepositoryName.IsValid(_name);

    [Benchmark]
    public bool ParseName() => RepositoryName.TryParse(_name, out _);

    [Benchmark]
    public bool ParseTag() => Reference.TryParse(_tag, out _);

    [Benchmark]
    public bool ParseDigest() => Digest.TryParse(_digest, out _);
}
