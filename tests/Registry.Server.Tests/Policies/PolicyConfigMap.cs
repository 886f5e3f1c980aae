using System.Diagnostics;
using Registry.Server.Configuration;

namespace Registry.Server.Tests.Policies;

/// <summary>
/// A policy file in a volume of a ConfigMap, as a kubelet writes it: the name is a link through <c>..data</c>, which an edit sets to a new folder by one rename before the old one goes
/// (kubernetes/pkg/volume/util/atomic_writer.go).
/// </summary>
internal sealed class PolicyConfigMap : IDisposable
{
    private readonly TemporaryFolder _folder = new("config");
    private int _version;

    public PolicyConfigMap(string json)
    {
        Write(json);
        File.CreateSymbolicLink(Path, System.IO.Path.Combine("..data", "policy.json"));
    }

    public string Path => System.IO.Path.Combine(_folder.Path, "policy.json");

    private string Data => System.IO.Path.Combine(_folder.Path, "..data");

    /// <summary>Edits the ConfigMap.</summary>
    public void Write(string json)
    {
        var (previous, next) = ($"..v{_version}", $"..v{++_version}");
        File.WriteAllText(System.IO.Path.Combine(_folder.Folder(next), "policy.json"), json);
        var link = $"{Data}_tmp";
        Directory.CreateSymbolicLink(link, next);

        // .NET moves no link onto another.
        using var move = Process.Start("mv", ["-T", link, Data]);
        move.WaitForExit();
        Assert.Equal(0, move.ExitCode);
        if (_version > 1)
        {
            Directory.Delete(System.IO.Path.Combine(_folder.Path, previous), recursive: true);
        }
    }

    public RegistryOptions Configure(RegistryOptions options) => options with { PolicyConfig = Path };

    public void Dispose() => _folder.Dispose();
}
