using BenchmarkDotNet.Attributes;
using Registry.Server.Endpoints;
using Registry.Server.Endpoints.Probes;
using Registry.Server.Http;
using Registry.Server.Routing;

namespace Registry.Bench.Micro;

/// <summary>Measures the router alone: the time must not depend on the name, and nothing may be allocated.</summary>
[MemoryDiagnoser]
public class RouterBenchmarks
{
    private const string Digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private readonly RouteTrie _routes = new(RouteTable.Create(
        new BlobEndpoints(null!),
        new UploadEndpoints(null!, null!, new Locations(null)),
        new ManifestEndpoints(null!, null!, new Locations(null), null!, null!, null!),
        new ListEndpoints(null!, null!),
        new ReferrerEndpoints(null!, null!),
        new TagEndpoints(null!, null!, null!, null!, null!),
        new TrashEndpoints(null!, null!, null!, null!, null!),
        new RepositoryEndpoints(null!, null!, null!, null!),
        new SpaceEndpoints(null!, null!),
        new InventoryEndpoints(null!, null!, null!),
        new ActivityEndpoints(null!, null!),
        new ChangeEndpoints(null!, null!, null!, null!, null!, null!),
        new MaintenanceEndpoints(null!, null, null!, null!, null!),
        new PolicyEndpoints(null!, null, null!),
        new MirrorEndpoints(null, null!, null!, null!),
        new EventEndpoints(null, null!, null!, null!),
        new HealthEndpoints(null!)));

    public static IReadOnlyList<string> Paths { get; } =
    [
        "/v2/",
        "/v2/library/alpine/manifests/latest",
        "/v2/library/alpine/blobs/" + Digest,
        "/v2/a/manifests/b/tags/list/blobs/uploads/0d3b1f0e-3f0f-4d0e-9d3c-5f3c2b1a0f9e",
        "/v2/library/alpine/nothing/here",
    ];

    [ParamsSource(nameof(Paths))]
    public string Path { get; set; } = string.Empty;

    [Benchmark(Baseline = true)]
    public bool Match() => _routes.Match(Path).Routes is not null;
}
