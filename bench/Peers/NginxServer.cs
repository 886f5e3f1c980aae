using Registry.Testing;

namespace Registry.Bench.Peers;

/// <summary>nginx with sendfile, serving the files of the registry under test.</summary>
internal static class NginxServer
{
    public const string Name = "nginx";

    /// <summary>Path of a blob of the registry under test.</summary>
    public static string BlobPath(string digest) => $"/blobs/{digest[..6]}/{digest[7..9]}/{digest[7..]}/data";

    /// <summary>Starts nginx.</summary>
    /// <param name="program">The program.</param>
    /// <param name="served">Data folder of the registry under test.</param>
    /// <param name="folders">Parent of nginx's own files.</param>
    /// <param name="certificate">Certificate for TLS; null for clear text.</param>
    public static async Task<Contestant> StartAsync(string program, string served, TemporaryFolder folders, ServerCertificate? certificate)
    {
        var address = Contestant.FreeAddress(certificate);
        var own = folders.Folder(Name);
        var configuration = folders.File(Name, "nginx.conf");
        var tls = certificate is null ? string.Empty : $"""
            ssl_certificate {certificate.Certificate};
            ssl_certificate_key {certificate.Key};
            ssl_protocols TLSv1.2 TLSv1.3;
            ssl_session_cache shared:sessions:10m;
            """;
        await File.WriteAllTextAsync(configuration, $$"""
            {{(Environment.UserName == "root" ? "user root;" : string.Empty)}}
            daemon off;
            worker_processes auto;
            pid {{own}}/pid;
            error_log {{own}}/error.log;
            events { worker_connections 1024; }
            http {
              access_log off;
              sendfile on;
              tcp_nopush on;
              keepalive_requests 1000000000;
              large_client_header_buffers 4 64k;
              {{tls}}
              client_body_temp_path {{own}}/body;
              proxy_temp_path {{own}}/proxy;
              fastcgi_temp_path {{own}}/fastcgi;
              uwsgi_temp_path {{own}}/uwsgi;
              scgi_temp_path {{own}}/scgi;
              server {
                listen {{address}}{{(certificate is null ? string.Empty : " ssl http2")}};
                root {{served}};
              }
            }
            """);
        var version = await Programs.VersionAsync(program, "-v");
        return await Contestant.StartAsync(Name, version, own, address, program, ["-c", configuration, "-e", Path.Combine(own, "error.log")]);
    }
}
