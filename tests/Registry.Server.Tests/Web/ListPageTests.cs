using System.Globalization;

namespace Registry.Server.Tests.Web;

/// <summary>Lists of repositories, tags and manifests on pages: search, order and pages.</summary>
public sealed class ListPageTests : IAsyncLifetime
{
    private TestRegistry _registry = null!;
    private Visitor _visitor = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync();
        _visitor = new Visitor(_registry.Client);
    }

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task Repositories_are_searched_and_sorted()
    {
        foreach (var name in new[] { "shop/payments", "team/api", "shop/cart" })
        {
            await _registry.Client.PushAsync(name, TestImage.Create(), "v1");
        }

        Assert.Equal(["shop/cart", "shop/payments", "team/api"], Rows(await _visitor.OpenAsync("/")));
        Assert.Equal(["shop/cart", "team/api", "shop/payments"], Rows(await _visitor.OpenAsync("/?sort=pushed")));
        Assert.Equal(["shop/payments"], Rows(await _visitor.OpenAsync("/?q=PAY")));
        Assert.Equal(["shop/cart", "shop/payments"], Rows(await _visitor.OpenAsync("/?q=s")));
        Assert.Empty(Rows(await _visitor.OpenAsync("/?q=y")));

        var sorted = (await _visitor.OpenAsync("/?sort=pushed&q=shop")).Text;
        Assert.Contains("""<th scope="col" class="" aria-sort="descending"><a href="/?q=shop&amp;sort=pushed">Last push</a></th>""", sorted, StringComparison.Ordinal);
        Assert.Contains("""<th scope="col" class=""><a href="/?q=shop">Name</a></th>""", sorted, StringComparison.Ordinal);
        Assert.Contains("""<input type="hidden" name="sort" value="pushed">""", sorted, StringComparison.Ordinal);
        Check.Status(400, await _visitor.OpenAsync("/?sort=age"));
        Check.Status(400, await _visitor.OpenAsync("/?sort=size&after=x"));
    }

    [Fact]
    public async Task Repositories_come_in_pages()
    {
        var image = await _registry.Client.PushAsync("r/000", TestImage.Create(), "v1");
        for (var i = 1; i < 103; i++)
        {
            await _registry.Client.PushAsync(string.Create(CultureInfo.InvariantCulture, $"r/{i:000}"), image, "v1");
        }

        var first = await _visitor.OpenAsync("/?q=r/");
        Assert.Equal(100, Rows(first).Count);
        var next = NextOf(first);
        Assert.Equal("/?q=r%2F&after=r%2F099", next);
        var second = await _visitor.OpenAsync(next);
        Assert.Equal(["r/100", "r/101", "r/102"], Rows(second));
        Assert.Contains("""<a class="button" href="/?q=r%2F" rel="first">First page</a>""", second.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_for_a_tag_or_a_digest_opens_the_image()
    {
        var image = await _registry.Client.PushAsync("team/app", TestImage.Create(), "v1", "v1.2");
        await _registry.Client.PushAsync("team/apple", TestImage.Create(), "v1");

        Assert.Equal("/repositories/team/app/-/tags/v1", Check.Status(303, await _visitor.OpenAsync("/?q=team/app:v1")).Location);
        Assert.Equal("/repositories/team/app?prefix=v1.", Check.Status(303, await _visitor.OpenAsync("/?q=team/app:v1.")).Location);
        Assert.Equal($"/repositories/team/app/-/manifests/{image.Digest}", Check.Status(303, await _visitor.OpenAsync($"/?q={image.Digest[..19]}")).Location);

        // As in commands, which have the host.
        var host = _registry.Client.BaseAddress!.Authority;
        Assert.Equal("/repositories/team/app/-/tags/v1", Check.Status(303, await _visitor.OpenAsync($"/?q={host}/team/app:v1")).Location);
        Assert.Equal($"/repositories/team/app/-/manifests/{image.Digest}", Check.Status(303, await _visitor.OpenAsync($"/?q={host}/team/app:v1@{image.Digest}")).Location);
        Assert.Contains("href=\"/?q=%3Av1\">Look for tags", Check.Status(200, await _visitor.OpenAsync("/?q=v1")).Text, StringComparison.Ordinal);

        // No repository of this name: those that have it as a part, with the tag.
        var page = Check.Status(200, await _visitor.OpenAsync("/?q=app:v1"));
        Assert.Equal(["team/app", "team/apple"], Rows(page));
        Assert.Contains("href=\"/repositories/team/apple?prefix=v1\"", page.Text, StringComparison.Ordinal);

        Assert.Contains("after the colon", Check.Status(200, await _visitor.OpenAsync("/?q=:")).Text, StringComparison.Ordinal);
        Assert.Contains("first 12 digits", Check.Status(200, await _visitor.OpenAsync("/?q=sha256:00")).Text, StringComparison.Ordinal);
        Assert.Contains("has a manifest or a layer with this digest", Check.Status(200, await _visitor.OpenAsync($"/?q=sha256:{new string('0', 64)}")).Text, StringComparison.Ordinal);
        await _registry.Client.PushAsync("team/copy", image, "v1");
        Assert.Equal(["team/app", "team/copy"], Rows(Check.Status(200, await _visitor.OpenAsync($"/?q={image.Digest}"))));
    }

    [Fact]
    public async Task A_search_for_a_layer_opens_the_page_that_leads_to_its_images()
    {
        var layer = TestBlob.Random();
        var image = await _registry.Client.PushAsync("team/app", TestImage.Of([layer]), "v1");
        var path = $"/repositories/team/app/-/blobs/{layer.Digest}";

        Assert.Equal(path, Check.Status(303, await _visitor.OpenAsync($"/?q={layer.Digest}")).Location);
        Assert.Equal(path, Check.Status(303, await _visitor.OpenAsync($"/?q={layer.Digest[..19]}")).Location);
        Assert.Equal(path, Check.Status(303, await _visitor.OpenAsync($"/?q=team/app@{layer.Digest}")).Location);
        Assert.Contains($"/repositories/team/app/-/manifests/{image.Digest}", Check.Status(200, await _visitor.OpenAsync(path)).Text, StringComparison.Ordinal);

        await _registry.Client.PushAsync("team/copy", TestImage.Of([layer]), "v1");
        var page = Check.Status(200, await _visitor.OpenAsync($"/?q={layer.Digest[..30]}"));
        Assert.Equal(["team/app", "team/copy"], Rows(page));
        Assert.Contains($"<a href=\"{path}\">team/app</a>", page.Text, StringComparison.Ordinal);
        Assert.Contains("No manifest has this digest.", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tag_alone_finds_the_repositories_that_have_it()
    {
        await _registry.Client.PushAsync("team/app", TestImage.Create(), "v1", "v1.2");
        await _registry.Client.PushAsync("team/tool", TestImage.Create(), "v1.5");
        await _registry.Client.PushAsync("team/old", TestImage.Create(), "v0");

        var page = Check.Status(200, await _visitor.OpenAsync("/?q=:v1"));
        Assert.Equal(["team/tool", "team/app"], Rows(page));
        Assert.Contains("<a href=\"/repositories/team/app/-/tags/v1\">v1</a>", page.Text, StringComparison.Ordinal);
        Assert.Contains("<a href=\"/repositories/team/tool/-/tags/v1.5\">v1.5</a>", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("were searched", page.Text, StringComparison.Ordinal);
        Assert.Contains("has such a tag.", Check.Status(200, await _visitor.OpenAsync("/?q=:v9")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tag_names_others_of_the_same_image()
    {
        await _registry.Client.PushAsync("team/app", TestImage.Create(), "1.2.3");
        Assert.DoesNotContain("also ", (await _visitor.OpenAsync("/repositories/team/app")).Text, StringComparison.Ordinal);
        await _registry.Client.PushAsync("team/app", TestImage.Create(), "a", "b", "c", "d", "e", "f");
        Assert.Contains("<div class=\"quiet\">also b, c, d and 2 more</div>", (await _visitor.OpenAsync("/repositories/team/app?prefix=a")).Text, StringComparison.Ordinal);
        await _registry.Client.PushAsync("team/app", TestImage.Create(), [.. Enumerable.Range(10, 12).Select(i => $"t{i}")]);
        Assert.Contains("<div class=\"quiet\">also t10, t11, t12 and more</div>", (await _visitor.OpenAsync("/repositories/team/app?prefix=t21")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData(":<script>alert(1)</script>")]
    [InlineData("\"><script>alert(1)</script>:v1")]
    [InlineData("sha256:<script>alert(1)</script>")]
    [InlineData("\u202Egnp")]
    [InlineData(":::")]
    [InlineData("\0")]
    public async Task Whatever_is_searched_is_text(string text)
    {
        await _registry.Client.PushAsync("team/app", TestImage.Create(), "v1");
        foreach (var path in new[] { "/?q=", "/repositories/team/app?prefix=" })
        {
            var page = Check.Status(200, await _visitor.OpenAsync($"{path}{Uri.EscapeDataString(text)}"));
            Assert.DoesNotContain("<script>alert", page.Text, StringComparison.Ordinal);
            Assert.DoesNotContain('\u202E', page.Text);
        }
    }

    [Fact]
    public async Task Tags_are_filtered_and_sorted()
    {
        var image = await _registry.Client.PushAsync("team/app", TestImage.Create(), "b", "v1", "v2");
        await _registry.Client.PushAsync("team/app", TestImage.Create(), "a");

        Assert.Equal("a", Rows(await _visitor.OpenAsync("/repositories/team/app"))[0]);
        Assert.Equal(["a", "b", "v1", "v2"], Rows(await _visitor.OpenAsync("/repositories/team/app?sort=name")));
        var page = await _visitor.OpenAsync("/repositories/team/app?prefix=v&sort=name");
        Assert.Equal(["v1", "v2"], Rows(page));
        Assert.Contains(image.Digest, page.Text, StringComparison.Ordinal);
        Assert.Contains("""aria-sort="ascending"><a href="/repositories/team/app?prefix=v&amp;sort=name">Tag</a>""", page.Text, StringComparison.Ordinal);
        Assert.Contains("No tag begins with this text", (await _visitor.OpenAsync("/repositories/team/app?prefix=w")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_manifests_are_listed_also_those_without_a_tag()
    {
        var tagged = await _registry.Client.PushAsync("team/app", TestImage.Create(), "v1");
        var untagged = await _registry.Client.PushAsync("team/app", TestImage.Create(), "v2");
        Check.Status(202, await _registry.Client.RequestAsync("DELETE", "/v2/team/app/manifests/v2"));

        var page = Check.Status(200, await _visitor.OpenAsync("/repositories/team/app/-/manifests"));
        Assert.Contains($"/-/manifests/{tagged.Digest}\"", page.Text, StringComparison.Ordinal);
        Assert.Contains($"/-/manifests/{untagged.Digest}\"", page.Text, StringComparison.Ordinal);
        Assert.Equal(2, Rows(page).Count);
        Assert.Single(Rows(await _visitor.OpenAsync($"/repositories/team/app/-/manifests?after={tagged.Digest}")));
        Check.Status(400, await _visitor.OpenAsync("/repositories/team/app/-/manifests?after=x"));
        Check.Status(404, await _visitor.OpenAsync("/repositories/team/none/-/manifests"));
    }

    private static string NextOf(Answer page)
    {
        var end = page.Text.IndexOf("\" rel=\"next\"", StringComparison.Ordinal);
        return page.Text[..end][(page.Text.LastIndexOf("href=\"", end, StringComparison.Ordinal) + "href=\"".Length)..].Replace("&amp;", "&", StringComparison.Ordinal);
    }

    // The text of the heading of each row.
    private static List<string> Rows(Answer page) =>
        [.. System.Text.RegularExpressions.Regex.Matches(page.Text, "<th scope=\"row\"[^>]*><a [^>]*>(?:<code>)?([^<]*)<").Select(match => match.Groups[1].Value)];
}
