using Registry.Server.Tests.Web;

namespace Registry.Server.Tests.Space;

/// <summary>The map of the page of the space.</summary>
public sealed class SpacePageTests
{
    [Fact]
    public async Task Each_repository_is_a_link_of_the_map_by_what_only_it_holds()
    {
        await using var registry = await SpaceRegistry.StartAsync();
        var visitor = new Visitor(registry.Client);
        Assert.DoesNotContain("class=\"map", (await visitor.OpenAsync("/space")).Text, StringComparison.Ordinal);
        await registry.Client.PushAsync("map/one", TestImage.Create(), "v1");
        await registry.Client.PushAsync("map/two", TestImage.Create(), "v1");
        await registry.AwaitSpaceAsync();

        var page = Check.Status(200, await visitor.OpenAsync("/space")).Text;
        var map = page[page.IndexOf("<svg class=\"map", StringComparison.Ordinal)..];
        map = map[..map.IndexOf("</svg>", StringComparison.Ordinal)];
        Assert.DoesNotContain("style=", map, StringComparison.Ordinal);
        foreach (var name in new[] { "map/one", "map/two" })
        {
            Assert.Matches($"<a href=\"/repositories/{name}/-/space\" aria-label=\"{name}, [0-9.]+ (B|KiB)\"><rect [^>]+><title>{name}, ", map);
        }

        Assert.DoesNotContain("All others", map, StringComparison.Ordinal);
    }
}
