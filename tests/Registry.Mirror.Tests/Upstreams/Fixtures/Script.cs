using Microsoft.AspNetCore.Http;

namespace Registry.Mirror.Tests.Upstreams.Fixtures;

/// <summary>Answers of a scripted server.</summary>
internal static class Script
{
    /// <summary>Answers with a status and headers alone, as a registry does.</summary>
    public static void Status(this HttpContext context, int status, params (string Name, string Value)[] headers)
    {
        context.Response.StatusCode = status;
        context.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
        foreach (var (name, value) in headers)
        {
            context.Response.Headers[name] = value;
        }
    }

    /// <summary>Answers with a body, or to HEAD with its head.</summary>
    public static async Task BodyAsync(this HttpContext context, byte[] body, string type, params (string Name, string Value)[] headers)
    {
        context.Status(context.Response.StatusCode, headers);
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        if (context.Request.Method != "HEAD")
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    /// <summary>Answers with JSON.</summary>
    public static Task JsonAsync(this HttpContext context, string json, string type = "application/json", params (string Name, string Value)[] headers) =>
        context.BodyAsync(System.Text.Encoding.UTF8.GetBytes(json), type, headers);

    /// <summary>Answers with a manifest.</summary>
    public static Task ManifestAsync(this HttpContext context, TestImage image) =>
        context.BodyAsync(image.Manifest.Bytes, image.MediaType, ("Docker-Content-Digest", image.Digest));

    /// <summary>Asks for a token.</summary>
    public static void Challenge(this HttpContext context, string realm) =>
        context.Status(401, ("WWW-Authenticate", $"Bearer realm=\"{realm}\",service=\"registry\",scope=\"repository:{TestUpstream.Repository}:pull\""));

    /// <summary>Never answers.</summary>
    public static Task HangAsync(this HttpContext context) => Task.Delay(Timeout.Infinite, context.RequestAborted);
}
