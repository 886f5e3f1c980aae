using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Registry.Files;

namespace Registry.Server.Commands.Remote;

/// <summary>
/// Credentials that <c>docker login</c> has stored: in docker's <c>config.json</c>, or in a program that the file names (Docker's "Credential helper protocol").
/// </summary>
/// <param name="folder">Folder of the file.</param>
internal sealed class DockerCredentials(string folder)
{
    private const string Missing = "credentials not found in native keychain";

    // User name by which a program says that its secret is an identity token.
    private const string TokenUser = "<token>";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _path = Path.Combine(folder, "config.json");

    /// <summary>The credentials of the user who runs the command: in the folder that DOCKER_CONFIG names, else in <c>~/.docker</c>.</summary>
    public static DockerCredentials Of(CommandContext context) => new(
        context.Variable("DOCKER_CONFIG") is { Length: > 0 } folder ? folder : Path.Combine(context.Variable("HOME") ?? "/", ".docker"));

    /// <summary>Finds the credential for a registry; null if there is none.</summary>
    /// <param name="login">Host and port, as in <c>docker login</c>.</param>
    /// <exception cref="RemoteException">The file or the program cannot be used.</exception>
    public async Task<DockerCredential?> FindAsync(string login)
    {
        try
        {
            if (!File.Exists(_path))
            {
                return null;
            }

            using var document = JsonDocument.Parse(await File.ReadAllBytesAsync(_path));
            var root = document.RootElement;
            var name = Text(Member(Member(root, "credHelpers"), login)) ?? Text(Member(root, "credsStore"));
            return name is { Length: > 0 } ? await AskAsync(name, login) : Read(Find(Member(root, "auths"), login));
        }
        catch (JsonException e)
        {
            throw new RemoteException($"{_path} is not valid JSON ({e.Message.TrimEnd('.')}); log in again with 'docker login {login}'");
        }
        catch (FormatException e)
        {
            throw new RemoteException($"{_path} cannot be used: {e.Message.TrimEnd('.')}; log in again with 'docker login {login}'");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RemoteException($"{_path} cannot be read: {IoFault.Reason(e, _path)}");
        }
    }

    // Old versions of docker wrote a URL.
    private static JsonElement? Find(JsonElement? auths, string login)
    {
        if (auths is not { ValueKind: JsonValueKind.Object } all)
        {
            return null;
        }

        return Member(all, login)
            ?? all.EnumerateObject().Where(entry => HostOf(entry.Name) == login).Select(entry => (JsonElement?)entry.Value).FirstOrDefault();
    }

    private static string HostOf(string key)
    {
        var scheme = key.IndexOf("://", StringComparison.Ordinal);
        return (scheme < 0 ? key : key[(scheme + 3)..]).Split('/')[0];
    }

    private static JsonElement? Member(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } value && value.TryGetProperty(name, out var member) ? member : null;

    private static string? Text(JsonElement? element) => element is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private DockerCredential? Read(JsonElement? entry)
    {
        if (entry is not { ValueKind: JsonValueKind.Object })
        {
            return null;
        }

        // base64 of user:password; the fields of their own are older.
        var (user, password) = (Text(Member(entry, "username")) ?? string.Empty, Text(Member(entry, "password")) ?? string.Empty);
        if (Text(Member(entry, "auth")) is { Length: > 0 } encoded)
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(encoded)).TrimEnd('\0');
            var colon = pair.IndexOf(':', StringComparison.Ordinal);
            (user, password) = colon > 0 ? (pair[..colon], pair[(colon + 1)..]) : throw new FormatException("an 'auth' is not base64 of user:password");
        }

        var credential = new DockerCredential(_path, user, password)
        {
            IdentityToken = Text(Member(entry, "identitytoken")) is { Length: > 0 } identity ? identity : null,
            RegistryToken = Text(Member(entry, "registrytoken")) is { Length: > 0 } token ? token : null,
        };
        return credential is { User: "", IdentityToken: null, RegistryToken: null } ? null : credential;
    }

    private async Task<DockerCredential?> AskAsync(string name, string login)
    {
        var program = $"docker-credential-{name}";
        if (name.Contains('/', StringComparison.Ordinal))
        {
            throw new RemoteException($"{_path} names the credential helper '{name}', which is not the name of a program");
        }

        using var process = Start(program);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.StandardInput.WriteAsync(login.AsMemory(), patience.Token);
            process.StandardInput.Close();
            var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return process.ExitCode == 0 ? Parse(program, output)
                : output.Contains(Missing, StringComparison.OrdinalIgnoreCase) ? null
                : throw new RemoteException($"{program}, which {_path} names, ended with exit code {process.ExitCode}: {output.Trim().Split('\n')[0]}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new RemoteException($"{program}, which {_path} names, gave no answer within {Patience.TotalSeconds:0} seconds");
        }
        catch (IOException e)
        {
            throw new RemoteException($"{program}, which {_path} names, did not read the name of the registry: {e.Message.TrimEnd('.')}");
        }
    }

    private Process Start(string program)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, "get") { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        }
        catch (Win32Exception)
        {
            throw new RemoteException($"{_path} names the credential helper {program}, which cannot be started; install it, or remove it from the file and log in again");
        }
    }

    private static DockerCredential? Parse(string program, string output)
    {
        try
        {
            using var document = JsonDocument.Parse(output);
            var (user, secret) = (Text(Member(document.RootElement, "Username")) ?? string.Empty, Text(Member(document.RootElement, "Secret")) ?? string.Empty);
            return user == TokenUser ? new DockerCredential(program, string.Empty, string.Empty) { IdentityToken = secret }
                : user.Length > 0 ? new DockerCredential(program, user, secret)
                : null;
        }
        catch (JsonException e)
        {
            throw new RemoteException($"the answer of {program} is not valid JSON: {e.Message.TrimEnd('.')}");
        }
    }
}
