using Registry.Storage.S3.Tests;
using Registry.Testing.Engines;

[assembly: AssemblyFixture(typeof(Gateway))]

namespace Registry.Storage.S3.Tests;

/// <summary>One gateway of Ceph for all tests, with one bucket, in which each test has a prefix of its own.</summary>
public sealed class Gateway : IAsyncLifetime
{
    public const string Bucket = "registry";

    private CephGateway? _ceph;

    /// <summary>The gateway. A test without it is skipped.</summary>
    public CephGateway Ceph
    {
        get
        {
            Assert.SkipUnless(CephGateway.IsInstalled, "Ceph is not installed: apt-get install ceph-mon ceph-osd radosgw ceph-common");
            return _ceph!;
        }
    }

    /// <summary>Settings with a prefix of their own. Objects are deleted at once, and parts are as small as they may be.</summary>
    public S3Settings NewSettings() => new()
    {
        Endpoint = Ceph.Endpoint,
        Region = CephGateway.Region,
        Bucket = Bucket,
        Prefix = $"test-{Guid.NewGuid():N}",
        PathStyle = true,
        AccessKey = CephGateway.AccessKey,
        SecretKey = CephGateway.SecretKey,
        DeleteAfter = TimeSpan.Zero,
        PartSize = 5 * 1024 * 1024,
    };

    public async ValueTask InitializeAsync()
    {
        if (CephGateway.IsInstalled)
        {
            _ceph = await CephGateway.StartAsync();
            using var client = new HttpClient();
            using var request = new HttpRequestMessage(HttpMethod.Put, _ceph.Presign("PUT", Bucket, DateTimeOffset.UtcNow));
            using var created = await client.SendAsync(request);
            created.EnsureSuccessStatusCode();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_ceph is { } ceph)
        {
            await ceph.DisposeAsync();
        }
    }
}
