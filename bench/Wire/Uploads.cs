using Registry.Bench.Wire.Http;

namespace Registry.Bench.Wire;

/// <summary>Pushes of large blobs.</summary>
internal static class Uploads
{
    /// <summary>POST, and PUT with the whole blob: 201 when it is stored.</summary>
    public static void Put(HttpConnection connection, string repository, UploadBody body)
    {
        var location = connection.Exchange(202, "POST", $"/v2/{repository}/blobs/uploads/").Location;
        connection.Exchange(201, "PUT", WithDigest(location, body.Digest), body);
    }

    /// <summary>POST, and PUT of the whole blob over HTTP/2 on a connection of its own.</summary>
    public static void Put(HttpConnection first, Http2Connection connection, string repository, UploadBody body)
    {
        var location = first.Exchange(202, "POST", $"/v2/{repository}/blobs/uploads/").Location;
        connection.Put(WithDigest(location, body.Digest), body);
    }

    /// <summary>POST, PATCH in chunks, and PUT with the digest alone, as docker pushes.</summary>
    public static void Patch(HttpConnection connection, string repository, UploadBody body)
    {
        var location = connection.Exchange(202, "POST", $"/v2/{repository}/blobs/uploads/").Location;
        location = connection.Exchange(202, "PATCH", location, body).Location;
        connection.Exchange(201, "PUT", WithDigest(location, body.Digest));
    }

    /// <summary>A Location with the digest that ends an upload.</summary>
    public static string WithDigest(string location, string digest) =>
        $"{location}{(location.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={digest}";
}
