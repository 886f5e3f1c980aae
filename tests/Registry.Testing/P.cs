namespace Registry.Testing; internal static class P;
