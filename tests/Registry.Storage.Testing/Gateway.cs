using Registry.Storage.S3;
using Registry.Testing.Engines;
using Registry.Testing.Processes;

namespace Registry.Storage.Testing;

/// <summary>One gateway of Ceph for many tests, with one bucket, in which each test has a prefix of its own.</summary>
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

    /// <summary>Variables of a registry with a prefix of its own; see <see cref="RegistryProcess"/>.</summary>
    public Dictionary<string, string?> NewVariables() => new(Ceph.VariablesOf(Bucket))
    {
        ["REGISTRY_S3_PREFIX"] = $"test-{Guid.NewGuid():N}",
        ["REGISTRY_S3_DELETE_AFTER"] = "0",
    };

    /// <summary>Replaces an object, as a fault of the store would.</summary>
    /// <param name="settings">The bucket.</param>
    /// <param name="key">The key, below the prefix.</param>
    /// <param name="content">The new bytes.</param>
    public async Task ReplaceAsync(S3Settings settings, string key, byte[] content)
    {
        ArgumentNullException.ThrowIfNull(settings);
        using var client = new HttpClient();
        using var body = new ByteArrayContent(content);
        using var answer = await client.PutAsync(Ceph.Presign("PUT", $"{Bucket}/{settings.Prefix}/{key}", DateTimeOffset.UtcNow), body);
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask InitializeAsync()
    {
        if (CephGateway.IsInstalled)
        {
            _ceph = await CephGateway.StartAsync();
            await _ceph.CreateBucketAsync(Bucket);
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
