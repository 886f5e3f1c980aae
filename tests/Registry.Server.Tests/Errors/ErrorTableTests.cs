namespace Registry.Server.Tests.Errors;

/// <summary>Errors with their exact codes and messages: users search for the messages, and clients act on the codes.</summary>
public sealed class ErrorTableTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private const string Missing = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    private const string Session = "00000000-0000-0000-0000-000000000000";

    public static TheoryData<string, int, string, string> Rows => new()
    {
        // What is missing.
        { "GET /v2/errors/manifests/missing", 404, "MANIFEST_UNKNOWN", "manifest unknown" },
        { $"GET /v2/errors/manifests/{Missing}", 404, "MANIFEST_UNKNOWN", "manifest unknown" },
        { "GET /v2/nobody/manifests/missing", 404, "MANIFEST_UNKNOWN", "manifest unknown" },
        { "DELETE /v2/errors/manifests/missing", 404, "MANIFEST_UNKNOWN", "manifest unknown" },
        { $"DELETE /v2/nobody/manifests/{Missing}", 404, "MANIFEST_UNKNOWN", "manifest unknown" },
        { $"GET /v2/errors/blobs/{Missing}", 404, "BLOB_UNKNOWN", "blob unknown" },
        { $"GET /v2/nobody/blobs/{Missing}", 404, "BLOB_UNKNOWN", "blob unknown" },
        { $"DELETE /v2/errors/blobs/{Missing}", 404, "BLOB_UNKNOWN", "blob unknown" },
        { "GET /v2/nobody/tags/list", 404, "NAME_UNKNOWN", "repository name not known to registry" },
        { $"GET /v2/errors/blobs/uploads/{Session}", 404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry" },
        { $"PATCH /v2/errors/blobs/uploads/{Session}", 404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry" },
        { $"PUT /v2/errors/blobs/uploads/{Session}?digest={Missing}", 404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry" },
        { $"DELETE /v2/errors/blobs/uploads/{Session}", 404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry" },

        // What is malformed.
        { "GET /v2/Errors/tags/list", 400, "NAME_INVALID", "invalid repository name" },
        { "GET /v2/errors/manifests/sha256:abc", 400, "DIGEST_INVALID", "invalid digest" },
        { "PUT /v2/errors/manifests/sha256:abc", 400, "DIGEST_INVALID", "invalid digest" },
        { "PUT /v2/errors/manifests/.tag", 400, "MANIFEST_INVALID", "invalid tag" },
        { "DELETE /v2/errors/manifests/.tag", 400, "MANIFEST_INVALID", "invalid tag" },
        { "PUT /v2/errors/manifests/latest", 400, "MANIFEST_INVALID", "manifest invalid" },
        { "GET /v2/errors/blobs/latest", 400, "DIGEST_INVALID", "invalid digest" },
        { "DELETE /v2/errors/blobs/latest", 400, "DIGEST_INVALID", "invalid digest" },
        { "POST /v2/errors/blobs/uploads/?digest=latest", 400, "DIGEST_INVALID", "invalid digest" },
        { "POST /v2/errors/blobs/uploads/?digest-algorithm=md5", 400, "DIGEST_INVALID", "invalid digest" },
        { "GET /v2/errors/referrers/latest", 400, "DIGEST_INVALID", "invalid digest" },
        { "GET /v2/errors/tags/list?n=x", 400, "UNSUPPORTED", "invalid page size" },
        { "GET /v2/_catalog?n=-1", 400, "UNSUPPORTED", "invalid page size" },

        // What does not exist.
        { "GET /nowhere", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /favicon.ico", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /v1/search?q=x", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /v2/errors", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /v2/errors/", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /v2/errors/manifests", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /v2/errors/manifests/", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /v2/errors/blobs/", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /v2/errors/referrers/", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /v2/errors/tags/", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /v2/errors/tags/list/", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /v2/_catalog/", 404, "UNSUPPORTED", "no such endpoint" },
        { "GET /v2/_nothing", 404, "UNSUPPORTED", "no such endpoint" },
        { "BREW /v2/errors/coffee", 404, "UNSUPPORTED", "no such endpoint" },
    };

    public static TheoryData<string, string> Methods => new()
    {
        { "/v2/", "GET, HEAD" },
        { "/v2", "GET, HEAD" },
        { "/v2/_catalog", "GET, HEAD" },
        { "/v2/errors/tags/list", "GET, HEAD" },
        { $"/v2/errors/referrers/{Missing}", "GET, HEAD" },
        { "/v2/errors/manifests/latest", "GET, HEAD, PUT, DELETE" },
        { $"/v2/errors/manifests/{Missing}", "GET, HEAD, PUT, DELETE" },
        { $"/v2/errors/blobs/{Missing}", "GET, HEAD, DELETE" },
        { "/v2/errors/blobs/uploads/", "POST" },
        { "/v2/errors/blobs/uploads", "POST" },
        { $"/v2/errors/blobs/uploads/{Session}", "GET, HEAD, PATCH, PUT, DELETE" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Is_answered_with_its_status_code_and_message(string request, int status, string code, string message)
    {
        await fixture.Client.PushAsync("errors", TestImage.Index([]));
        var (method, path) = (request.Split(' ')[0], request.Split(' ')[1]);

        var answer = Check.Error(status, code, message, await fixture.Client.RequestAsync(method, path));

        Assert.Equal("registry/2.0", answer["Docker-Distribution-API-Version"]);
        Assert.Equal(answer.Body.Length, answer.Length);
        Assert.Null(answer["Docker-Content-Digest"]);
        Assert.Null(answer["ETag"]);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_method_that_a_path_does_not_have_is_405_with_those_it_has(string path, string allow)
    {
        foreach (var method in new[] { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get" }.Except(allow.Split(", ")))
        {
            // Raw, since clients capitalise methods.
            var answer = await RawConnection.ExchangeAsync(fixture.Registry, $"{method} {path} HTTP/1.1\r\nHost: registry\r\nContent-Length: 0");

            Assert.Equal(allow, answer["Allow"]);
            Assert.Equal("registry/2.0", answer["Docker-Distribution-API-Version"]);
            if (method == "HEAD")
            {
                Assert.Empty(Check.Status(405, answer).Body);
                continue;
            }

            Check.Error(405, "UNSUPPORTED", "the method is not allowed here", answer);
        }
    }

    [Theory]
    [InlineData("/v2/errors/manifests/missing", 404)]
    [InlineData("/v2/errors/manifests/sha256:abc", 400)]
    [InlineData("/v2/errors/blobs/" + Missing, 404)]
    [InlineData("/v2/errors/blobs/latest", 400)]
    [InlineData("/v2/Errors/blobs/" + Missing, 400)]
    [InlineData("/nothing", 404)]
    [InlineData("/v2/errors/blobs/uploads/", 405)]
    public async Task HEAD_has_no_body_and_leaves_the_connection_usable(string path, int status)
    {
        using var connection = await RawConnection.OpenAsync(fixture.Registry);
        foreach (var _ in Enumerable.Range(0, 2))
        {
            await connection.SendAsync($"HEAD {path} HTTP/1.1\r\nHost: registry\r\n\r\n");
            Check.Status(status, await connection.ReadAnswerAsync(isHead: true));
        }

        await connection.SendAsync("GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n");
        Assert.Equal("{}", Check.Status(200, await connection.ReadAnswerAsync()).Text);
    }

    [Fact]
    public async Task A_detail_repeats_what_was_sent_only_in_part()
    {
        var answer = await fixture.Client.GetAnswerAsync($"/v2/errors/blobs/sha256:{new string('x', 4000)}");

        Assert.InRange(Assert.Single(Check.Details(Check.Error(400, "DIGEST_INVALID", "invalid digest", answer))).Length, 1, 400);
    }

    [Fact]
    public async Task A_detail_is_proper_JSON_whatever_was_sent()
    {
        var answer = await fixture.Client.GetAnswerAsync("/v2/errors/blobs/%22%5C%0A%3Cscript%3E%E2%82%AC");

        Assert.Contains("\"\\\n<script>€", Assert.Single(Check.Details(answer)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_exists_and_what_does_not_are_told_apart_by_nothing_but_the_status_of_their_own_repository()
    {
        var blob = await fixture.Client.PushBlobAsync("oracle/theirs", TestBlob.Random());
        var image = await fixture.Client.PushAsync("oracle/theirs", TestImage.Create(), "latest");
        await fixture.Client.PushAsync("oracle/mine", TestImage.Create());

        foreach (var (there, nowhere) in new[]
        {
            ($"GET /v2/oracle/mine/blobs/{blob.Digest}", $"GET /v2/oracle/mine/blobs/{Missing}"),
            ($"HEAD /v2/oracle/mine/blobs/{blob.Digest}", $"HEAD /v2/oracle/mine/blobs/{Missing}"),
            ($"GET /v2/oracle/mine/manifests/{image.Digest}", $"GET /v2/oracle/mine/manifests/{Missing}"),
            ($"DELETE /v2/oracle/mine/blobs/{blob.Digest}", $"DELETE /v2/oracle/mine/blobs/{Missing}"),
            ($"GET /v2/oracle/mine/referrers/{image.Digest}", $"GET /v2/oracle/mine/referrers/{image.Digest}"),
        })
        {
            var (first, second) = (await SendAsync(there), await SendAsync(nowhere));
            Assert.Equal(first.Status, second.Status);
            Assert.Equal(first.Text, second.Text);
            Assert.Equal(first.Headers.Where(IsComparable), second.Headers.Where(IsComparable));
        }

        static bool IsComparable((string Name, string Value) header) => header.Name is not ("Date" or "X-Request-ID");

        Task<Answer> SendAsync(string request) => fixture.Client.RequestAsync(request.Split(' ')[0], request.Split(' ')[1]);
    }
}
