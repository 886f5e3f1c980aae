using Microsoft.Playwright;

namespace Registry.Web.Tests.Pages;

/// <summary>What a browser without a cache loads for one page, when the page is as full as pages get.</summary>
public sealed class TransferTests(Chromium chromium) : IAsyncLifetime
{
    private const int MaxBytes = 60 * 1024;
    private const int Repositories = 120;
    private const int Tags = 60;

    private readonly TemporaryFolder _folder = new("web", isInMemory: true);
    private TestRegistry _registry = null!;

    private static readonly string[] Paths =
    [
        "/", "/space", "/trash", "/repositories/team/service", "/repositories/team/service/-/tags/latest", "/repositories/team/service/-/history/latest", "/repositories/team/service/-/space",
        "/repositories/team/service/-/trash", "/nowhere",
    ];

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => options with { SpacePeriod = TimeSpan.FromSeconds(1) }, _folder.Path);
        var client = _registry.Client;
        await Task.WhenAll(Enumerable.Range(0, Repositories).Select(i => client.PushAsync($"team-{i % 7}/service-with-a-name-{i:000}", TestImage.Create(), "1.0.0")));
        await client.PushAsync("team/service", TestImage.Create(), [.. Enumerable.Range(0, Tags).Select(i => $"2026.11.{i}-release")]);
        for (var i = 0; i < Tags; i++)
        {
            var deleted = await client.PushAsync("team/service", TestImage.Create(layers: 30, layerSize: 100), "latest", $"old-{i}", $"older-{i}");
            await client.RequestAsync("DELETE", $"/v2/team/service/manifests/{deleted.Digest}");
        }

        await client.PushAsync("team/service", TestImage.Create(layers: 30, layerSize: 100), "latest");
        await _registry.AwaitSpaceAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_first_view_loads_the_page_its_three_files_and_at_most_60_KiB()
    {
        foreach (var path in Paths)
        {
            await using var tab = await chromium.OpenAsync(_registry, new Look());

            await tab.Page.GotoAsync(path, new() { WaitUntil = WaitUntilState.NetworkIdle });

            var sizes = await Task.WhenAll(tab.Requests.Select(async request => (request.Url, Sizes: await request.SizesAsync())));
            var bytes = sizes.Sum(request => request.Sizes.ResponseHeadersSize + request.Sizes.ResponseBodySize);
            TestContext.Current.TestOutputHelper!.WriteLine($"{path}: {sizes.Length} requests, {bytes} bytes");

            // The browser may load the icon once more for its own window.
            Assert.Equal([".css", ".js", ".svg", "page"], sizes.Select(request => KindOf(request.Url)).Distinct().Order(StringComparer.Ordinal));
            Assert.InRange(sizes.Length, 4, 5);
            Assert.InRange(bytes, 1, MaxBytes);
        }
    }

    private static string KindOf(string address) => address.Contains("/-/assets/", StringComparison.Ordinal) ? Path.GetExtension(address) : "page";
}
