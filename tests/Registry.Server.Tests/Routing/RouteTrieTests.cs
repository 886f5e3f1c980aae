using Registry.Core.Access;
using Registry.Core.Errors;
using Registry.Server.Requests;
using Registry.Server.Routing;

namespace Registry.Server.Tests.Routing;

public sealed class RouteTrieTests
{
    private static readonly Handler Nothing = _ => Task.FromResult<RegistryError?>(null);

    // The shape of the real table, by template.
    private static readonly string[] Templates =
    [
        "/v2/", "/v2", "/v2/_catalog", "/v2/<name>/tags/list", "/v2/<name>/referrers/<digest>", "/v2/<name>/manifests/<reference>",
        "/v2/<name>/blobs/<digest>", "/v2/<name>/blobs/uploads/", "/v2/<name>/blobs/uploads", "/v2/<name>/blobs/uploads/<uuid>",
    ];

    private static readonly RouteTrie Trie = new(Templates.Select(template => new Route("GET", template, Permission.Pull, Nothing)));

    [Theory]
    [InlineData("/v2/", "/v2/", "", "")]
    [InlineData("/v2", "/v2", "", "")]
    [InlineData("/v2/_catalog", "/v2/_catalog", "", "")]
    [InlineData("/v2/a/tags/list", "/v2/<name>/tags/list", "a", "")]
    [InlineData("/v2/a/b/c/tags/list", "/v2/<name>/tags/list", "a/b/c", "")]
    [InlineData("/v2/a/manifests/latest", "/v2/<name>/manifests/<reference>", "a", "latest")]
    [InlineData("/v2/a/manifests/list", "/v2/<name>/manifests/<reference>", "a", "list")]
    [InlineData("/v2/a/manifests/uploads", "/v2/<name>/manifests/<reference>", "a", "uploads")]
    [InlineData("/v2/a/manifests/_catalog", "/v2/<name>/manifests/<reference>", "a", "_catalog")]
    [InlineData("/v2/a/manifests/v2", "/v2/<name>/manifests/<reference>", "a", "v2")]
    [InlineData("/v2/a/manifests/b/manifests/c", "/v2/<name>/manifests/<reference>", "a/manifests/b", "c")]
    [InlineData("/v2/a/manifests/tags/list", "/v2/<name>/tags/list", "a/manifests", "")]
    [InlineData("/v2/manifests/manifests/manifests", "/v2/<name>/manifests/<reference>", "manifests", "manifests")]
    [InlineData("/v2/tags/list/tags/list", "/v2/<name>/tags/list", "tags/list", "")]
    [InlineData("/v2/v2/tags/list", "/v2/<name>/tags/list", "v2", "")]
    [InlineData("/v2/a/blobs/sha256:b", "/v2/<name>/blobs/<digest>", "a", "sha256:b")]
    [InlineData("/v2/a/blobs/uploads", "/v2/<name>/blobs/uploads", "a", "")]
    [InlineData("/v2/a/blobs/uploads/", "/v2/<name>/blobs/uploads/", "a", "")]
    [InlineData("/v2/a/blobs/uploads/x", "/v2/<name>/blobs/uploads/<uuid>", "a", "x")]
    [InlineData("/v2/a/blobs/uploads/uploads", "/v2/<name>/blobs/uploads/<uuid>", "a", "uploads")]
    [InlineData("/v2/blobs/uploads/blobs/uploads/", "/v2/<name>/blobs/uploads/", "blobs/uploads", "")]
    [InlineData("/v2/blobs/uploads/blobs/x", "/v2/<name>/blobs/<digest>", "blobs/uploads", "x")]
    [InlineData("/v2/a/referrers/x", "/v2/<name>/referrers/<digest>", "a", "x")]
    [InlineData("/v2/A B/tags/list", "/v2/<name>/tags/list", "A B", "")]
    [InlineData("/v2/../tags/list", "/v2/<name>/tags/list", "..", "")]
    [InlineData("/v2//tags/list", "/v2/<name>/tags/list", "", "")]
    [InlineData("/v2/a/manifests/..", "/v2/<name>/manifests/<reference>", "a", "..")]
    public void Leads_to_one_route_and_takes_the_path_apart(string path, string template, string name, string parameter)
    {
        var match = Trie.Match(path);

        Assert.Equal(template, match.Routes!.Find("GET")!.Template);
        Assert.Equal((name, parameter), (match.Name.ToString(), match.Parameter.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("//")]
    [InlineData("v2")]
    [InlineData("v2/")]
    [InlineData("/v1/")]
    [InlineData("/V2/")]
    [InlineData("/v2//")]
    [InlineData("/v2/x")]
    [InlineData("/v2/_catalog/")]
    [InlineData("/v2/_catalog/x")]
    [InlineData("/x/v2/_catalog")]
    [InlineData("/v2/tags/list")]
    [InlineData("/v2/manifests/x")]
    [InlineData("/v2/blobs/uploads/")]
    [InlineData("/v2/a/tags")]
    [InlineData("/v2/a/tags/list/")]
    [InlineData("/v2/a/tags/LIST")]
    [InlineData("/v2/a/manifests/")]
    [InlineData("/v2/a/blobs/")]
    [InlineData("/v2/a/blobs/uploads//")]
    [InlineData("/v2/a/blobs/uploads/x/")]
    [InlineData("/v3/a/tags/list")]
    [InlineData("/v2a/tags/list")]
    [InlineData("/x/v2/a/tags/list")]
    [InlineData("a/tags/list")]
    public void Leads_nowhere(string path) => Assert.Null(Trie.Match(path).Routes);

    [Fact]
    public void Every_name_and_parameter_that_is_put_into_a_template_comes_out_again()
    {
        // Names made of the very words that routes are made of.
        string[] words = ["a", "v2", "tags", "list", "manifests", "blobs", "uploads", "referrers", "0", "x-y"];
        var random = new Random(20250101);
        for (var i = 0; i < 20_000; i++)
        {
            var name = string.Join('/', Enumerable.Range(0, random.Next(1, 6)).Select(_ => words[random.Next(words.Length)]));
            var parameter = words[random.Next(words.Length)];
            var template = Templates[random.Next(3, Templates.Length)];
            if (template == "/v2/<name>/blobs/<digest>" && parameter == "uploads")
            {
                continue;
            }

            var path = template.Replace("<name>", name, StringComparison.Ordinal)
                .Replace("<reference>", parameter, StringComparison.Ordinal).Replace("<digest>", parameter, StringComparison.Ordinal)
                .Replace("<uuid>", parameter, StringComparison.Ordinal);
            var match = Trie.Match(path);

            Assert.True(match.Routes is not null, path);
            var found = match.Routes.Find("GET")!.Template;

            // The path may fit another template with another name, when the words say so; then it is the one with the longest fixed tail.
            var rebuilt = found.Replace("<name>", match.Name.ToString(), StringComparison.Ordinal)
                .Replace("<reference>", match.Parameter.ToString(), StringComparison.Ordinal)
                .Replace("<digest>", match.Parameter.ToString(), StringComparison.Ordinal)
                .Replace("<uuid>", match.Parameter.ToString(), StringComparison.Ordinal);
            Assert.Equal(path, rebuilt);
            if (found == template)
            {
                Assert.Equal(name, match.Name.ToString());
            }
            else
            {
                Assert.True(Literals(found) >= Literals(template), $"{path}: {found} instead of {template}");
            }
        }

        static int Literals(string template) => template.Split('/').Count(segment => !segment.StartsWith('<'));
    }

    [Fact]
    public void Any_text_is_matched_without_failing_and_no_match_invents_text()
    {
        const string Characters = "/v2<>ab_.-%:~\0\u00e4\ud83d";
        var random = new Random(20250102);
        for (var i = 0; i < 50_000; i++)
        {
            var path = string.Concat(Enumerable.Range(0, random.Next(0, 40)).Select(_ => random.Next(4) == 0 ? "/v2/" : Characters[random.Next(Characters.Length)].ToString()));
            var match = Trie.Match(path);
            Assert.Contains(match.Name.ToString(), path, StringComparison.Ordinal);
            Assert.Contains(match.Parameter.ToString(), path, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_method_is_found_by_its_exact_spelling()
    {
        var trie = new RouteTrie([new("GET", "/v2/<name>/x", Permission.Pull, Nothing), new("DELETE", "/v2/<name>/x", Permission.Delete, Nothing)]);
        var routes = trie.Match("/v2/a/x").Routes!;

        Assert.Equal("GET, HEAD, DELETE", routes.Allow);
        Assert.Equal(Permission.Delete, routes.Find("DELETE")!.Permission);
        Assert.Null(routes.Find("get"));
        Assert.Null(routes.Find("PUT"));
        Assert.Null(routes.Find(""));
    }

    [Fact]
    public void A_query_in_a_template_is_no_part_of_the_path()
    {
        var route = new Route("GET", "/api/v1/tags/history?repository=<name>&tag=<reference>", Permission.Pull, Nothing);
        var trie = new RouteTrie([route, new("GET", "/v2/<name>/tags/list", Permission.Pull, Nothing)]);

        Assert.Equal(("/api/v1/tags/history", true, true), (route.Path, route.HasName, route.HasNameInQuery));
        Assert.Same(route, trie.Match("/api/v1/tags/history").Routes!.Find("GET"));
        Assert.Null(trie.Match("/api/v1/tags/history/").Routes);
        Assert.Null(trie.Match("/v2/api/v1/tags/history").Routes);
        Assert.Equal("api/v1/tags/history", trie.Match("/v2/api/v1/tags/history/tags/list").Name.ToString());
        Assert.False(new Route("GET", "/v2/<name>/tags/list", Permission.Pull, Nothing).HasNameInQuery);
    }

    [Fact]
    public void The_same_route_twice_is_a_mistake() => Assert.Throws<ArgumentException>(() => new RouteTrie(
        [new("GET", "/v2/<name>/x", Permission.Pull, Nothing), new("GET", "/v2/<name>/x", Permission.Push, Nothing)]));

    [Fact]
    public void Matching_allocates_nothing()
    {
        string[] paths =
        [
            "/v2/", "/v2/library/ubuntu/manifests/latest", "/v2/a/b/c/d/blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "/v2/a/blobs/uploads/b7a2f1f0-0000-0000-0000-000000000000", "/v2/a/tags/list", "/nowhere/at/all", "/v2/a/manifests/b/manifests/c",
        ];
        Run(100);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var found = Run(10_000);
        var after = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(60_000, found);
        Assert.Equal(0, after - before);

        int Run(int rounds)
        {
            var matches = 0;
            for (var i = 0; i < rounds; i++)
            {
                foreach (var path in paths)
                {
                    matches += Trie.Match(path).Routes?.Find("GET") is null ? 0 : 1;
                }
            }

            return matches;
        }
    }
}
