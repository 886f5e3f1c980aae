namespace Registry.Server.Tests;

/// <summary>Assertions about responses.</summary>
internal static class Check
{
    /// <summary>Checks the status. The message of a failure holds the whole response.</summary>
    public static Answer Status(int expected, Answer answer)
    {
        Assert.True(expected == answer.Status, $"Expected {expected}, got {answer}");
        return answer;
    }

    /// <summary>Checks an error in the format of the spec ("Error Codes").</summary>
    public static Answer Error(int status, string code, string message, Answer answer)
    {
        Status(status, answer);
        Assert.Equal("application/json", answer["Content-Type"]);
        var properties = answer.Json.EnumerateObject().ToList();
        Assert.Equal("errors", Assert.Single(properties).Name);
        var errors = properties[0].Value.EnumerateArray().ToList();
        Assert.NotEmpty(errors);
        foreach (var error in errors)
        {
            Assert.Equal((code, message), (error.GetProperty("code").GetString(), error.GetProperty("message").GetString()));
            Assert.All(error.EnumerateObject(), property => Assert.Contains(property.Name, (string[])["code", "message", "detail"]));
        }

        return answer;
    }

    /// <summary>Checks an error of the registry's own API (RFC 9457).</summary>
    public static Answer Problem(int status, string code, string title, Answer answer)
    {
        Status(status, answer);
        Assert.Equal("application/problem+json", answer["Content-Type"]);
        var json = answer.Json;
        Assert.Equal(
            (title, status, code), (json.GetProperty("title").GetString(), json.GetProperty("status").GetInt32(), json.GetProperty("code").GetString()));
        Assert.Equal(answer["X-Request-Id"], json.GetProperty("requestId").GetString());
        Assert.All(json.EnumerateObject(), property => Assert.Contains(property.Name, (string[])["title", "status", "detail", "code", "requestId"]));
        return answer;
    }

    /// <summary>Checks an error of the registry's own API, and its detail.</summary>
    public static void Problem(int status, string code, string title, string detail, Answer answer) =>
        Assert.Equal(detail, Problem(status, code, title, answer).Json.GetProperty("detail").GetString());

    /// <summary>Checks that a data folder has no entry that another one does not have. A registry without one has nothing to check.</summary>
    public static void Folder(TestRegistry registry)
    {
        if (TestRegistry.Stores is null)
        {
            string[] expected = ["ballast", "blobs", "registry.db", "registry.db-shm", "registry.db-wal", "registry.lock", "registry.sock", "removal.lock", "repositories", "uploads"];
            Assert.Equal(expected, Directory.EnumerateFileSystemEntries(registry.StoragePath).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        }
    }

    /// <summary>The details of an error's entries.</summary>
    public static IReadOnlyList<string> Details(Answer answer) =>
        [.. answer.Json.GetProperty("errors").EnumerateArray().Select(error => error.TryGetProperty("detail", out var detail) ? detail.GetString()! : "")];
}
