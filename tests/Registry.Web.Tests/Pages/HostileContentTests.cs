using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Registry.Web.Tests.Pages;

/// <summary>Content of an attacker who wants to run a script in the browser of a visitor, to mislead them, or to break the page.</summary>
public sealed class HostileContentTests(Chromium chromium) : IAsyncLifetime
{
    private const string Script = "<script>window.isHacked = true; alert(1)</script>";
    private const string Image = "\"'><img src=x onerror=\"window.isHacked = true\">";
    private const string Link = "javascript:window.isHacked=true";
    private const string Reversed = "\u202Egnp.exe\u202C";

    private static readonly string Longest = string.Join('/', Enumerable.Repeat(new string('a', 63), 4))[..255];
    private static readonly string LongestTag = new('T', 128);
    private static readonly string Long = new('W', 200_000);

    private TestRegistry _registry = null!;
    private TestImage _image = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => options with { SpacePeriod = TimeSpan.FromSeconds(1), UiTitle = Script });
        _image = Hostile();
        foreach (var name in new[] { Longest, "plain" })
        {
            await _registry.Client.PushAsync(name, _image, LongestTag);
            await _registry.Client.PushAsync(name, TestImage.Artifact($"{Script}{Image}", _image, json => json["annotations"] = Pairs()), "artifact");
            var deleted = await _registry.Client.PushAsync(name, Hostile(), [.. Enumerable.Range(0, 8).Select(i => $"{LongestTag[..126]}.{i}")]);
            await _registry.Client.RequestAsync("DELETE", $"/v2/{name}/manifests/{deleted.Digest}");
        }

        await _registry.AwaitSpaceAsync();
    }

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Content_runs_nothing_and_breaks_no_page(bool isPhone)
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look(IsPhone: isPhone));
        List<string> faults = [];
        foreach (var path in Paths())
        {
            await tab.GoAsync(path);
            await tab.Page.EvaluateAsync("() => document.querySelectorAll('details').forEach((details) => { details.open = true; })");
            faults.AddRange(await tab.FindFaultsAsync());
            Assert.False(await tab.Page.EvaluateAsync<bool>("() => 'isHacked' in window"), path);
            Assert.Equal(0, await tab.Page.Locator("a[href^='javascript:' i], img[src='x']").CountAsync());
            Assert.DoesNotContain('\u202E', await tab.Page.ContentAsync());
        }

        Tab.Check(faults);
    }

    [Fact]
    public async Task Content_is_shown_as_the_text_that_it_is()
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look());

        await tab.GoAsync($"/repositories/plain/-/tags/{LongestTag}");

        var text = await tab.Page.Locator("main").InnerTextAsync();
        Assert.Contains(Script, text, StringComparison.Ordinal);
        Assert.Contains(Image, text, StringComparison.Ordinal);
        Assert.Contains(Link, text, StringComparison.Ordinal);
        Assert.Contains("⟨U+202E⟩gnp.exe", text, StringComparison.Ordinal);
        Assert.InRange(text.Length, 1, 60_000);
        await Assertions.Expect(tab.Page).ToHaveTitleAsync($"plain:{LongestTag} · {Script}");
        await tab.CheckAsync();
    }

    private IEnumerable<string> Paths()
    {
        yield return "/";
        yield return $"/?q={Uri.EscapeDataString(Image)}";
        yield return "/trash";
        yield return "/space";
        foreach (var name in new[] { Longest, "plain" })
        {
            var repository = $"/repositories/{name}";
            yield return repository;
            yield return $"{repository}/-/tags/{LongestTag}";
            yield return $"{repository}/-/tags/artifact";
            yield return $"{repository}/-/manifests/{_image.Digest}";
            yield return $"{repository}/-/history/{LongestTag}";
            yield return $"{repository}/-/trash";
            yield return $"{repository}/-/space";
        }
    }

    private static TestImage Hostile()
    {
        var config = TestBlob.OfText(new JsonObject
        {
            ["id"] = Guid.NewGuid().ToString(),
            ["os"] = Script,
            ["architecture"] = Image,
            ["created"] = Script,
            ["author"] = Image,
            ["config"] = new JsonObject
            {
                ["Entrypoint"] = new JsonArray(Script, Image),
                ["Cmd"] = new JsonArray(Long),
                ["Env"] = new JsonArray([.. Enumerable.Range(0, 200).Select(i => $"{Script}{i}={Reversed}")]),
                ["ExposedPorts"] = new JsonObject { [Image] = new JsonObject() },
                ["User"] = Script,
                ["WorkingDir"] = Reversed,
                ["Labels"] = Pairs(),
            },
            ["history"] = new JsonArray(new JsonObject { ["created_by"] = $"{Script}{Image}" }, new JsonObject { ["created_by"] = Long, ["empty_layer"] = true }),
        }.ToJsonString());
        return TestImage.Of(config, [TestBlob.Random()], json =>
        {
            json["annotations"] = Pairs();
            json["layers"]![0]!["annotations"] = new JsonObject { ["org.opencontainers.image.title"] = $"{Reversed}{Script}" };
        });
    }

    private static JsonObject Pairs() => new()
    {
        [Script] = Image,
        [Image] = Script,
        ["org.opencontainers.image.url"] = Link,
        ["reversed"] = Reversed,
        ["long"] = Long,
        [Long] = "long",
        ["combining"] = $"Z{new string('\u0351', 500)}",
    };
}
