using Registry.Core.Access;
using Registry.Core.Access.Rules;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting.Lifetime;

/// <summary>Lines that the registry prints at its start.</summary>
internal static class Banner
{
    public static void Write(TextWriter output, RegistryHost host, RegistryOptions options)
    {
        var port = new Uri(host.Addresses[0]).Port;
        var registry = options.ExternalUrl is { } url ? new Uri(url).Authority : $"localhost:{port}";
        output.WriteLine($"""
            Registry {ProductVersion.Text} listening on {string.Join(" and ", host.Addresses)}
              {(host.Storage.Database is null ? "storage " : "metadata")}        {host.Storage.Name}{(host.Storage.Bucket is { } bucket ? $"\n  blobs           {bucket.Address}" : string.Empty)}
              authentication  {Authentication(options)}{(options.Readonly ? "\n  read-only       pulls work, pushes and deletes are refused" : string.Empty)}{(host.MetricsAddress is { } metrics ? $"\n  metrics         {metrics}" : string.Empty)}

            Push your first image:
              docker tag myimage:latest {registry}/myimage:latest
              docker push {registry}/myimage:latest

            """);
    }

    /// <summary>Describes authentication and access control.</summary>
    public static string Authentication(RegistryOptions options)
    {
        var rules = options.AccessControlPath is { } path ? $", with the access rules of {path}" : string.Empty;
        return options.Authentication switch
        {
            AuthenticationKind.Basic => $"basic: the users of {options.HtpasswdPath}{rules}",
            AuthenticationKind.Token => $"token: from {options.TokenRealm}, for the service {options.TokenService}{rules}",
            AuthenticationKind.BuiltInToken => $"token: built-in, for the users of {options.HtpasswdPath}{rules}",
            _ when rules.Length > 0 => $"none: every client is {AccessRules.AnonymousUser}{rules}",
            _ => "none: any client that can reach this address may pull, push and delete",
        };
    }
}
