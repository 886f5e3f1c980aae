namespace Registry.Testing;

/// <summary>Sends requests in one line of code.</summary>
public static class RequestExtensions
{
    /// <summary>Sends a request and reads the answer to its end.</summary>
    /// <param name="client">The client that sends it.</param>
    /// <param name="method">The method.</param>
    /// <param name="path">Path and query, or an absolute URL.</param>
    /// <param name="body">The body; null for none.</param>
    /// <param name="headers">Headers, sent unchanged.</param>
    public static async Task<Answer> RequestAsync(
        this HttpClient client, string method, string path, byte[]? body = null, params (string Name, string Value)[] headers)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(headers);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = body is null ? null : new ByteArrayContent(body);
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content ??= new ByteArrayContent([]);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return await client.AnswerAsync(request);
    }

    /// <summary>Sends a body without announcing its length.</summary>
    public static async Task<Answer> StreamAsync(
        this HttpClient client, string method, string path, byte[] body, params (string Name, string Value)[] headers)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(headers);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = new StreamContent(new MemoryStream(body));
        request.Headers.TransferEncodingChunked = true;
        foreach (var (name, value) in headers)
        {
            request.Content.Headers.TryAddWithoutValidation(name, value);
        }

        return await client.AnswerAsync(request);
    }

    /// <summary>A GET.</summary>
    public static Task<Answer> GetAnswerAsync(this HttpClient client, string path, params (string Name, string Value)[] headers) =>
        client.RequestAsync("GET", path, null, headers);

    /// <summary>A HEAD.</summary>
    public static Task<Answer> HeadAnswerAsync(this HttpClient client, string path, params (string Name, string Value)[] headers) =>
        client.RequestAsync("HEAD", path, null, headers);

    private static async Task<Answer> AnswerAsync(this HttpClient client, HttpRequestMessage request)
    {
        // The defaults of a client apply to the requests that it creates itself, not to those it is given.
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        using var response = await client.SendAsync(request);
        return await Answer.ReadAsync(response);
    }
}
