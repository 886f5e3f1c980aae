namespace Registry.Server.Tests.Errors;

/// <summary>Repository names that look like routes, are encoded, or are invalid.</summary>
public sealed class NameTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    [Theory]
    [InlineData("a/manifests/b")]
    [InlineData("manifests")]
    [InlineData("manifests/manifests")]
    [InlineData("v2/tags/list")]
    [InlineData("v2/tags/list/x")]
    [InlineData("tags/list")]
    [InlineData("tags/list/tags/list")]
    [InlineData("v2")]
    [InlineData("v2/v2")]
    [InlineData("blobs/uploads")]
    [InlineData("blobs")]
    [InlineData("uploads")]
    [InlineData("blobs/uploads/blobs/uploads")]
    [InlineData("referrers")]
    [InlineData("a/referrers/b")]
    [InlineData("a.b/c__d/e-----f/g_h/0")]
    [InlineData("a/tags/b")]
    [InlineData("api/v1")]
    [InlineData("api/v1/trash/all")]
    [InlineData("x/history")]
    [InlineData("show")]
    public async Task Any_legal_name_works_in_every_route(string name)
    {
        var image = await fixture.Client.PushAsync(name, TestImage.Create(), "list", "uploads");
        var upload = await fixture.Client.BeginUploadAsync(name);

        Assert.Equal($"/v2/{name}/blobs/uploads/", upload[..(upload.LastIndexOf('/') + 1)]);
        Check.Status(204, await fixture.Client.GetAnswerAsync(upload));
        Check.Status(204, await fixture.Client.RequestAsync("DELETE", upload));
        Assert.Equal(image.Manifest.Bytes, Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/{name}/manifests/list")).Body);
        Assert.Equal(image.Blobs[1].Bytes, Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/{name}/blobs/{image.Blobs[1].Digest}")).Body);
        var tags = Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/{name}/tags/list"));
        Assert.Equal((name, 2), (tags.Json.GetProperty("name").GetString(), tags.Strings("tags").Count));
        Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/{name}/referrers/{image.Digest}"));
        Assert.Contains(name, Check.Status(200, await fixture.Client.GetAnswerAsync("/v2/_catalog?n=1000")).Strings("repositories"));
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/{name}/manifests/{image.Digest}"));

        // The same in queries, with slashes as they are and encoded.
        foreach (var query in new[] { name, Uri.EscapeDataString(name) })
        {
            var path = $"repository={query}&digest={image.Digest}";
            Assert.Equal(name, Check.Status(200, await fixture.Client.GetAnswerAsync($"/api/v1/trash/show?{path}")).Json.GetProperty("repository").GetString());
            Assert.Equal(1, Check.Status(200, await fixture.Client.GetAnswerAsync($"/api/v1/trash?repository={query}")).Json.GetProperty("entries").GetArrayLength());
            Assert.Equal(["list", "uploads"], Check.Status(200, await PostAsync($"trash/restore?{path}")).Strings("tags"));
            Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/{name}/manifests/uploads"));
            Assert.Equal(image.Digest, Check.Status(200, await PostAsync($"tags/rollback?repository={query}&tag=uploads")).Json.GetProperty("digest").GetString());
            Assert.Equal(name, Check.Status(200, await fixture.Client.GetAnswerAsync($"/api/v1/tags/history?repository={query}&tag=list")).Json.GetProperty("repository").GetString());
            Check.Status(200, await fixture.Client.GetAnswerAsync($"/api/v1/tags/show?repository={query}&tag=list"));
            Assert.Equal(2, Check.Status(200, await fixture.Client.GetAnswerAsync($"/api/v1/repositories/show?repository={query}")).Json.GetProperty("tags").GetInt32());
            Assert.True((await fixture.Client.GetAnswerAsync($"/api/v1/space/repository?repository={query}")).Status is 200 or 202);
            Check.Status(200, await PostAsync($"repositories/rename?repository={query}&to={query}/new"));
            Check.Status(200, await PostAsync($"repositories/rename?repository={query}/new&to={query}"));
            Assert.True(Check.Status(200, await PostAsync($"repositories/delete?repository={query}")).Json.GetProperty("gone").GetBoolean());
            Assert.Equal(1, Check.Status(200, await PostAsync($"repositories/restore?repository={query}")).Json.GetProperty("manifests").GetInt32());
            Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/{name}/manifests/{image.Digest}"));
        }

        Check.Status(200, await PostAsync($"trash/purge?repository={name}&digest={image.Digest}"));
    }

    [Fact]
    public async Task A_name_has_at_most_255_characters()
    {
        var longest = string.Join('/', Enumerable.Repeat("abcdefg", 32))[..255];
        await fixture.Client.PushAsync(longest, TestImage.Create(), "latest");

        Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/{longest}/manifests/latest"));
        Check.Error(400, "NAME_INVALID", "invalid repository name", await fixture.Client.GetAnswerAsync($"/v2/{longest}x/manifests/latest"));
        Check.Error(400, "NAME_INVALID", "invalid repository name", await fixture.Client.GetAnswerAsync($"/v2/{new string('a', 5000)}/manifests/latest"));
    }

    [Theory]
    [InlineData("A")]
    [InlineData("a/B")]
    [InlineData("a_")]
    [InlineData("_a")]
    [InlineData(".a")]
    [InlineData("a.")]
    [InlineData("a..b")]
    [InlineData("a___b")]
    [InlineData("a._b")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("/a")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData("a/./b")]
    [InlineData("a b")]
    [InlineData("a%20b")]
    [InlineData("a%2e%2eb")]
    [InlineData("%2e%2e")]
    [InlineData("%2e%2e%2f%2e%2e%2fetc")]
    [InlineData("..%2f..%2fetc%2fpasswd")]
    [InlineData("..%5c..%5cetc")]
    [InlineData("a\\b")]
    [InlineData("a%5Cb")]
    [InlineData("a%252fb")]
    [InlineData("%252e%252e")]
    [InlineData("a:b")]
    [InlineData("a@b")]
    [InlineData("a+b")]
    [InlineData("a~b")]
    [InlineData("a%0d%0ab")]
    [InlineData("a%7f")]
    [InlineData("%C3%A4")]
    [InlineData("%EF%BC%8E%EF%BC%8E")]
    [InlineData("%E2%84%AA")]
    public async Task What_is_no_name_is_refused_before_storage_is_touched(string name)
    {
        foreach (var tail in new[] { "manifests/latest", "tags/list", $"blobs/{TestBlob.OfText("").Digest}" })
        {
            var answer = await RawConnection.ExchangeAsync(fixture.Registry, $"GET /v2/{name}/{tail} HTTP/1.1\r\nHost: registry");

            // Kestrel itself refuses a space in the target.
            Assert.True(answer.Status == 400, $"{name}: {answer}");
            if (!name.Contains(' ', StringComparison.Ordinal))
            {
                Check.Error(400, "NAME_INVALID", "invalid repository name", answer);
            }
        }

        Check.Folder(fixture.Registry);
    }

    [Theory]
    [InlineData("/v2/a/%")]
    [InlineData("/v2/%/tags/list")]
    [InlineData("/v2/%4/tags/list")]
    [InlineData("/v2/%zz/tags/list")]
    [InlineData("/v2/%u0041/tags/list")]
    [InlineData("/v2/%c0%af/tags/list")]
    [InlineData("/v2/%c0%ae%c0%ae/tags/list")]
    [InlineData("/v2/%e0%80%af/tags/list")]
    [InlineData("/v2/%ff/tags/list")]
    [InlineData("/v2/%ed%a0%80/tags/list")]
    [InlineData("/v2/a%00b/tags/list")]
    [InlineData("/v2/a\u00e4/tags/list")]
    [InlineData("/v2/a/manifests/%00")]
    [InlineData("/v2/a/manifests/x%00y")]
    public async Task Broken_percent_encoding_is_refused(string path)
    {
        Check.Status(400, await RawConnection.ExchangeAsync(fixture.Registry, $"GET {path} HTTP/1.1\r\nHost: registry"));
        Check.Folder(fixture.Registry);
    }

    [Fact]
    public async Task A_path_is_decoded_once_and_the_decoded_text_is_what_counts()
    {
        var image = await fixture.Client.PushAsync("encoded/name", TestImage.Create(), "a.b_c");

        foreach (var path in new[]
        {
            "/v2/encoded/name/manifests/a.b_c", "/v2/encoded/name/manifests/a%2Eb%5Fc", "/v2/encoded%2Fname/manifests/a.b_c", "/v2/encoded%2fname%2fmanifests%2fa.b_c",
            "/%76%32/%65ncoded/name/manifests/a.b_c", $"/v2/encoded/name/manifests/{Uri.EscapeDataString(image.Digest)}",
        })
        {
            var answer = await RawConnection.ExchangeAsync(fixture.Registry, $"GET {path} HTTP/1.1\r\nHost: registry");
            Assert.Equal(image.Manifest.Bytes, Check.Status(200, answer).Body);
        }

        var twice = await RawConnection.ExchangeAsync(fixture.Registry, "GET /v2/encoded/name/manifests/a%252Eb_c HTTP/1.1\r\nHost: registry");
        Check.Status(404, twice);
    }

    [Theory]
    [InlineData("/v2/dots/../dots/manifests/latest")]
    [InlineData("/v2/./dots/manifests/latest")]
    [InlineData("/v2/x/%2e%2e/dots/manifests/latest")]
    [InlineData("/x/../v2/dots/manifests/latest")]
    [InlineData("/v2//dots/manifests/latest")]
    public async Task Dot_segments_are_not_resolved(string path)
    {
        await fixture.Client.PushAsync("dots", TestImage.Create(), "latest");

        var answer = await RawConnection.ExchangeAsync(fixture.Registry, $"GET {path} HTTP/1.1\r\nHost: registry");

        Assert.True(answer.Status is 400 or 404, $"{answer}");
    }

    [Theory]
    [InlineData("http://registry")]
    [InlineData("http://somebody.else:1234")]
    [InlineData("http://user@[::1]:5")]
    public async Task A_target_in_absolute_form_counts_for_its_path(string authority)
    {
        var image = await fixture.Client.PushAsync("absolute", TestImage.Create(), "latest");
        var host = authority["http://".Length..].Split('@')[^1];

        var answer = await RawConnection.ExchangeAsync(fixture.Registry, $"GET {authority}/v2/absolute/manifests/latest?x=y HTTP/1.1\r\nHost: {host}");

        Assert.Equal(image.Manifest.Bytes, Check.Status(200, answer).Body);
    }

    [Theory]
    [InlineData("/v2/absolute/tags/list?x=y#fragment")]
    [InlineData("/v2/absolute/tags/list#")]
    [InlineData("http://registry/v2/absolute/tags/list#fragment")]
    [InlineData("http://registry?#/v2/absolute/tags/list")]
    public async Task A_fragment_in_a_target_is_400(string target)
    {
        await fixture.Client.PushAsync("absolute", TestImage.Create(), "latest");
        Check.Error(400, "UNSUPPORTED", "malformed request", await RawConnection.ExchangeAsync(fixture.Registry, $"GET {target} HTTP/1.1\r\nHost: registry"));
    }

    [Theory]
    [InlineData("http://registry?/v2/absolute/manifests/latest")]
    [InlineData("http://registry?x=/v2/absolute/manifests/latest")]
    [InlineData("http://registry?")]
    public async Task An_absolute_form_with_an_empty_path_is_the_root_whatever_its_query_has(string target)
    {
        await fixture.Client.PushAsync("absolute", TestImage.Create(), "latest");
        var root = Check.Status(200, await RawConnection.ExchangeAsync(fixture.Registry, $"GET {target} HTTP/1.1\r\nHost: registry"));
        Assert.Equal("OCI container registry", root.Json.GetProperty("kind").GetString());
    }

    [Theory]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: registry")]
    [InlineData("GET * HTTP/1.1\r\nHost: registry")]
    [InlineData("CONNECT registry:443 HTTP/1.1\r\nHost: registry:443")]
    [InlineData("GET http: HTTP/1.1\r\nHost: registry")]
    [InlineData("GET http:// HTTP/1.1\r\nHost: registry")]
    [InlineData("GET registry HTTP/1.1\r\nHost: registry")]
    public async Task A_target_that_is_no_path_leads_nowhere(string head)
    {
        var answer = await RawConnection.ExchangeAsync(fixture.Registry, head);

        Assert.True(answer.Status is 400 or 404 or 405, $"{answer}");
    }

    private Task<Answer> PostAsync(string path) => fixture.Client.RequestAsync("POST", $"/api/v1/{path}", [], ("Content-Type", "application/json"));
}
