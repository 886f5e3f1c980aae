using Registry.Core.Errors;
using Registry.Server.Http.Bodies;
using Registry.Server.Requests;

namespace Registry.Server.Web.Assets;

/// <summary>Files of the web interface, which are part of the program: the style sheet, the script and the icon.</summary>
internal sealed class AssetStore
{
    /// <summary>The style sheet.</summary>
    public Asset Style { get; } = Load("site.css", "text/css; charset=utf-8");

    /// <summary>The script. Pages work without it.</summary>
    public Asset Script { get; } = Load("site.js", "text/javascript; charset=utf-8");

    /// <summary>The icon.</summary>
    public Asset Icon { get; } = Load("icon.svg", "image/svg+xml");

    /// <summary>Sends a file. A page of another version of the program may ask for one that is not there.</summary>
    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (Array.Find([Style, Script, Icon], one => one.Name == request.Parameter) is not { } asset)
        {
            return RegistryErrorCode.NotFound;
        }

        var (bytes, encoding) = asset.For(request.Request.Headers.AcceptEncoding.ToString());
        var headers = request.Response.Headers;
        headers.CacheControl = "public, max-age=31536000, immutable";
        headers.Vary = "Accept-Encoding";
        headers.ContentEncoding = encoding;
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        request.Response.ContentType = asset.MediaType;
        request.Response.ContentLength = bytes.Length;
        await BodyWriting.WriteAsync(request, bytes);
        return null;
    }

    private static Asset Load(string file, string mediaType)
    {
        using var stream = typeof(AssetStore).Assembly.GetManifestResourceStream($"web/{file}")
            ?? throw new InvalidOperationException($"The program was built without web/{file}.");
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return new Asset(file, mediaType, content.ToArray());
    }
}
