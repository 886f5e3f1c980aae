using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core;
using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Server.Configuration;

namespace Registry.Server.Tests.Mirroring;

/// <summary>File of a mirror of Docker Hub and GitHub, whose upstreams are never asked, and the setting that uses it.</summary>
internal sealed class MirrorFolder : IDisposable
{
    public const string Upstreams = """
        {
          "own": ["registry.example"],
          "upstreams": [
            { "name": "docker.io", "url": "https://hub.invalid", "prefix": "hub", "namespaces": ["docker.io"], "hosts": ["hub.example"], "library": true },
            { "name": "ghcr.io", "url": "https://ghcr.invalid", "prefix": "ghcr", "namespaces": ["ghcr.io"] }
          ]
        }
        """;

    private readonly TemporaryFolder _folder = new(isInMemory: true);

    public MirrorFolder() => Write(Upstreams);

    public string Path => System.IO.Path.Combine(_folder.Path, "mirror.json");

    /// <summary>Stores an index without images as the mirror does.</summary>
    public static async Task<TestImage> StoreAsync(TestRegistry registry, string repository, string tag)
    {
        var image = TestImage.Index([], json => json["annotations"] = new JsonObject { ["org.example.id"] = Guid.NewGuid().ToString() });
        var core = new RegistryCore(registry.Host.Storage.Ports, new CoreSettings(), TimeProvider.System, NullLoggerFactory.Instance);
        var stored = await core.Manifests.PutAsync(
            RepositoryName.Parse(repository), Tag.Parse(tag), image.MediaType, image.Manifest.Bytes, [], Precondition.None, ChangeOrigin.Mirror("docker.io"), default);
        Assert.Null(stored.Error);
        return image;
    }

    public void Write(string json) => File.WriteAllText(Path, json);

    public RegistryOptions Configure(RegistryOptions options) => options with { MirrorConfig = Path, ExternalUrl = "http://registry.example:15000" };

    public void Dispose() => _folder.Dispose();
}
