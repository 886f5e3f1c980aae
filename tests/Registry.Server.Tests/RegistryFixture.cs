using Microsoft.Extensions.Logging;
using Registry.Core.Metadata;

namespace Registry.Server.Tests;

/// <summary>A registry for all tests of a class. When they are done, its log must be free of errors.</summary>
public class RegistryFixture : IAsyncLifetime
{
    /// <summary>The running registry.</summary>
    public TestRegistry Registry { get; private set; } = null!;

    /// <summary>
    /// True while a request uses an upload session. A check over HTTP would use it, too, and make another request wait.
    /// </summary>
    public static Task<bool> IsInUseAsync(TestRegistry registry, string location) =>
        Task.FromResult(registry.Host.Storage.Uploads.IsInUse(Guid.Parse(location.UploadId())));

    /// <summary>Its client.</summary>
    public HttpClient Client => Registry.Client;

    /// <inheritdoc cref="IsInUseAsync(TestRegistry, string)"/>
    public Task<bool> IsInUseAsync(string location) => IsInUseAsync(Registry, location);

    public async ValueTask InitializeAsync() => Registry = await TestRegistry.StartAsync(options => options with { ManifestReferences = References }, isOnDisk: IsOnDisk);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        var errors = Registry.Log.Entries.Where(entry => entry.Level >= LogLevel.Error).ToList();
        await Registry.DisposeAsync();
        Assert.Empty(errors);
    }

    /// <summary>References that must exist when a manifest is pushed.</summary>
    protected virtual ManifestReferences References => ManifestReferences.SparseIndex;

    /// <summary>True for tests about how content is read.</summary>
    protected virtual bool IsOnDisk => false;
}
