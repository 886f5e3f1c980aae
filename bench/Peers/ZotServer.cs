using Registry.Testing;

namespace Registry.Bench.Peers;

/// <summary>zot, with its defaults.</summary>
internal static class ZotServer
{
    public const string Name = "zot";

    /// <summary>Variable with the path of the program.</summary>
    public const string Variable = "ZOT_BIN";

    /// <summary>Starts it over a folder.</summary>
    public static async Task<Contestant> StartAsync(string program, TemporaryFolder folders, ServerCertificate? certificate)
    {
        var address = Contestant.FreeAddress(certificate);
        var root = folders.Folder(Name);
        var configuration = folders.File("zot.json");
        var tls = certificate is null ? string.Empty : $$""", "tls": { "cert": "{{certificate.Certificate}}", "key": "{{certificate.Key}}" }""";
        await File.WriteAllTextAsync(configuration, $$"""
            {
              "distSpecVersion": "1.1.1",
              "storage": { "rootDirectory": "{{root}}" },
              "http": { "address": "{{address.EndPoint.Address}}", "port": "{{address.EndPoint.Port}}"{{tls}} },
              "log": { "level": "error" }
            }
            """);
        return await Contestant.StartAsync(
            Name, await Programs.VersionAsync(program, "--version"), root, address, program, ["serve", configuration]);
    }
}
