using Registry.Server.Configuration;

namespace Registry.Server.Tests.Memory;

/// <summary>Requests that need more memory than the process may take, although the budget of requests allows it.</summary>
public sealed class ExhaustedMemoryTests : IDisposable
{
    private const long HeapLimit = 128 * 1024 * 1024;
    private const long RequestMemory = 8 * RegistryOptions.MaxManifestMaxSize;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_request_that_finds_the_heap_full_is_503_and_the_next_one_is_served()
    {
        await using var registry = await RegistryProcess.StartAsync(_folder.Path, new Dictionary<string, string?>
        {
            [RegistryProcess.HeapLimitVariable] = RegistryProcess.HeapLimit(HeapLimit),
            ["REGISTRY_MANIFEST_MAX_SIZE"] = $"{RegistryOptions.MaxManifestMaxSize}",
            ["REGISTRY_REQUEST_MEMORY"] = $"{RequestMemory}",
        });
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };

        for (var i = 0; i < 2; i++)
        {
            using var connection = await RawConnection.OpenAsync(registry.BaseAddress);
            await connection.SendAsync(
                $"PUT /v2/full/manifests/latest HTTP/1.1\r\nHost: r\r\nContent-Type: {TestImage.OciManifest}\r\nContent-Length: {2 * HeapLimit}\r\n\r\n");
            await connection.SendAsync(new byte[64 * 1024]);
            var answer = Check.Error(503, "TOOMANYREQUESTS", "the registry's memory for requests is used up; try again later", await connection.ReadAnswerAsync());
            Assert.Equal("5", answer["Retry-After"]);
            Assert.Equal("close", answer["Connection"]);
        }

        await client.PushAsync("full", TestImage.Create(), "latest");
        await registry.WaitForOutputAsync("The process has no memory left for a request");
        Assert.DoesNotContain("internal error", registry.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", registry.Output, StringComparison.Ordinal);
        Assert.Equal(2, registry.Output.Split("has no memory left").Length);
    }
}
