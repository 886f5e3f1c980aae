using System.Net;
using Registry.Interop.Tests.Containers;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Peers;

/// <summary>A storage folder moves from distribution to this registry and back, without pushing again.</summary>
public sealed class CompatibilityTests : IClassFixture<ContainersHome>, IDisposable
{

    private readonly ContainersHome _home;
    private readonly TemporaryFolder _root = new("shared");
    private readonly TemporaryFolder _layouts = new("layouts");

    public CompatibilityTests(ContainersHome home) => _home = home;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Storage folder of this registry inside distribution's root directory.</summary>
    private string Storage => Path.Combine(_root.Path, "docker", "registry", "v2");

    public void Dispose()
    {
        _root.Dispose();
        _layouts.Dispose();
    }

    [Fact]
    public async Task Registry_serves_a_folder_that_distribution_wrote()
    {
        (SampleImage index, SampleImage layers) = (SampleImage.MultiArchitecture(), SampleImage.OfLayers(5));
        await using (DistributionRegistry distribution = await DistributionRegistry.StartAsync(_root.Path))
        {
            await PushAsync(index, distribution.HostPort, "team/index:1");
            await PushAsync(layers, distribution.HostPort, "team/layers:1", "team/layers:latest", "other/layers:1");
            await distribution.StopAsync();
        }

        await using RegistryProcess registry = await RegistryProcess.StartAsync(Storage, cancellationToken: Cancellation);
        using var http = new RegistryHttp(registry.BaseAddress);

        // Pulls do not wait for the index of the folder to be complete.
        await index.AssertHeldAsync(http, "team/index", "1");
        await layers.AssertHeldAsync(http, "team/layers", "1");
        await WaitUntilReadyAsync(http);
        await layers.AssertHeldAsync(http, "team/layers", "latest");
        await layers.AssertHeldAsync(http, "other/layers", "1");
        Assert.Equal(["other/layers", "team/index", "team/layers"], await http.ReadCatalogAsync(Cancellation));
        Assert.Equal(["1", "latest"], await http.ReadTagsAsync("team/layers", Cancellation));

        var added = SampleImage.Runnable();
        await PushAsync(added, registry.HostPort, "team/layers:added", "new/repository:1");
        await added.AssertHeldAsync(http, "team/layers", "added");
        Assert.Equal(["1", "added", "latest"], await http.ReadTagsAsync("team/layers", Cancellation));
        Assert.Contains("new/repository", await http.ReadCatalogAsync(Cancellation));
        _ = await _home.Skopeo.RunAsync("delete", "--tls-verify=false", $"docker://{registry.HostPort}/other/layers:1");
        await layers.AssertHeldAsync(http, "team/layers", "latest");
    }

    [Fact]
    public async Task Distribution_serves_a_folder_that_the_registry_wrote()
    {
        (SampleImage index, SampleImage layers) = (SampleImage.MultiArchitecture(), SampleImage.OfLayers(5));
        await WriteByRegistryAsync(index, layers);

        // Its garbage collector must find all references too, or it would delete what is in use.
        await DistributionRegistry.CollectGarbageAsync(_root.Path);

        await using DistributionRegistry distribution = await DistributionRegistry.StartAsync(_root.Path);
        await index.AssertHeldAsync(distribution.Http, "team/index", "1");
        await layers.AssertHeldAsync(distribution.Http, "team/layers", "1");
        await layers.AssertHeldAsync(distribution.Http, "team/layers", "latest");
        await layers.AssertHeldAsync(distribution.Http, "other/layers", "1");
        Assert.Equal(["other/layers", "team/index", "team/layers"], await distribution.Http.ReadCatalogAsync(Cancellation));
        Assert.Equal(["1", "latest"], (await distribution.Http.ReadTagsAsync("team/layers", Cancellation)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Registry_serves_what_distribution_pushed_into_its_folder_after_a_reindex()
    {
        (SampleImage index, SampleImage layers, SampleImage foreign) =
            (SampleImage.MultiArchitecture(), SampleImage.OfLayers(5), SampleImage.Runnable());
        await WriteByRegistryAsync(index, layers);
        await using (DistributionRegistry distribution = await DistributionRegistry.StartAsync(_root.Path))
        {
            // A new repository, a new tag of one that is known, and a tag that moves.
            await PushAsync(foreign, distribution.HostPort, "foreign/image:1", "team/index:foreign", "team/layers:latest");
            await distribution.StopAsync();
        }

        (int exitCode, string output) = await RegistryProcess.RunAsync("reindex", Storage, cancellationToken: Cancellation);
        Assert.True(exitCode == 0, $"reindex ended with exit code {exitCode}:\n{output}");

        await using RegistryProcess registry = await RegistryProcess.StartAsync(Storage, cancellationToken: Cancellation);
        using var http = new RegistryHttp(registry.BaseAddress);
        await WaitUntilReadyAsync(http);
        await foreign.AssertHeldAsync(http, "foreign/image", "1");
        await foreign.AssertHeldAsync(http, "team/index", "foreign");
        await foreign.AssertHeldAsync(http, "team/layers", "latest");
        await index.AssertHeldAsync(http, "team/index", "1");
        await layers.AssertHeldAsync(http, "team/layers", "1");
        await layers.AssertHeldAsync(http, "other/layers", "1");
        Assert.Equal(["foreign/image", "other/layers", "team/index", "team/layers"], await http.ReadCatalogAsync(Cancellation));
        Assert.Equal(["1", "foreign"], await http.ReadTagsAsync("team/index", Cancellation));
    }

    /// <summary>The catalog answers 503 with Retry-After as long as the folder is being indexed.</summary>
    private static Task WaitUntilReadyAsync(RegistryHttp http) =>
        Eventually.HoldsAsync(
            async () =>
            {
                using HttpResponseMessage response = await http.GetAsync("/v2/_catalog", Cancellation);
                if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
                {
                    Assert.NotNull(response.Headers.RetryAfter);
                    return false;
                }
                await RegistryHttp.ExpectAsync(response, HttpStatusCode.OK);
                return true;
            },
            "the folder is indexed",
            Cancellation);

    private async Task WriteByRegistryAsync(SampleImage index, SampleImage layers)
    {
        Requires.Program("docker-registry", "docker-registry");
        await using RegistryProcess registry = await RegistryProcess.StartAsync(Storage, cancellationToken: Cancellation);
        using (var http = new RegistryHttp(registry.BaseAddress))
        {
            await WaitUntilReadyAsync(http);
        }
        await PushAsync(index, registry.HostPort, "team/index:1");
        await PushAsync(layers, registry.HostPort, "team/layers:1", "team/layers:latest", "other/layers:1");
        int exitCode = await registry.StopAsync(Cancellation);
        Assert.True(exitCode == 0, $"The registry ended with exit code {exitCode} after SIGTERM:\n{registry.Output}");
    }

    private async Task PushAsync(SampleImage sample, string hostPort, params string[] images)
    {
        string layout = sample.WriteTo(_layouts.Folder(Guid.NewGuid().ToString("n")));
        foreach (string image in images)
        {
            _ = await _home.Skopeo.RunAsync("copy", "--all", "--dest-tls-verify=false", layout, $"docker://{hostPort}/{image}");
        }
    }
}
